# SPDX-License-Identifier: BSD-2-Clause
# How a program for SOS is compiled and linked. One place, for the programs here and for `./sos cc`.
# Programs are static and not position independent: text from 0x400000, one segment each for text,
# read-only data and data, pages of 4 KiB.
set(SOS_PROGRAM_COMPILE_OPTIONS -fno-pie -fno-common -mno-outline-atomics -fno-stack-protector
    -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections)
set(SOS_PROGRAM_CXX_OPTIONS -fno-exceptions -fno-rtti -fno-threadsafe-statics)
set(SOS_PROGRAM_LINK_OPTIONS -nostdlib -static -no-pie -Wl,--gc-sections -Wl,-z,separate-code
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none)
set(SOS_ROOTFS "${CMAKE_BINARY_DIR}/rootfs")

# sos_app(NAME SOURCES file... [API 2021|2023] [INCLUDES dir...] [LIBRARIES lib...])
# A program of the root file system: <binary dir>/rootfs/NAME, stripped.
function(sos_app name)
  cmake_parse_arguments(ARG "" "API" "SOURCES;INCLUDES;LIBRARIES" ${ARGN})
  if(NOT ARG_API)
    set(ARG_API 2023)
  endif()
  add_executable(app_${name} ${ARG_SOURCES})
  target_compile_options(app_${name} PRIVATE ${SOS_PROGRAM_COMPILE_OPTIONS} ${SOS_WARNINGS}
      $<$<COMPILE_LANGUAGE:CXX>:${SOS_PROGRAM_CXX_OPTIONS}>)
  target_include_directories(app_${name} PRIVATE ${ARG_INCLUDES}
      "${SOS_SDK_INCLUDE}/sos/${ARG_API}")
  if(ARG_API EQUAL 2021)
    target_sources(app_${name} PRIVATE $<TARGET_OBJECTS:sosapi_2021>)
  endif()
  target_link_libraries(app_${name} PRIVATE ${ARG_LIBRARIES} sosapi)
  target_link_options(app_${name} PRIVATE ${SOS_PROGRAM_LINK_OPTIONS})
  add_custom_command(TARGET app_${name} POST_BUILD
      COMMAND ${CMAKE_COMMAND} -E make_directory "${SOS_ROOTFS}"
      COMMAND ${CMAKE_OBJCOPY} --strip-all $<TARGET_FILE:app_${name}> "${SOS_ROOTFS}/${name}"
      VERBATIM)
endfunction()

# sos_root_file(FILE): a file of the root file system, as it is.
function(sos_root_file file)
  get_filename_component(name "${file}" NAME)
  add_custom_command(OUTPUT "${SOS_ROOTFS}/${name}"
      COMMAND ${CMAKE_COMMAND} -E make_directory "${SOS_ROOTFS}"
      COMMAND ${CMAKE_COMMAND} -E copy "${CMAKE_CURRENT_SOURCE_DIR}/${file}" "${SOS_ROOTFS}/${name}"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}" VERBATIM)
  add_custom_target(root_file_${name} ALL DEPENDS "${SOS_ROOTFS}/${name}")
endfunction()
