# SPDX-License-Identifier: BSD-2-Clause
# What all parts of SOS are compiled with, and the helpers that their CMakeLists use.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_C_STANDARD 17)
set(CMAKE_CXX_FLAGS_DEBUG "-O2 -g -DSOS_DEBUG=1")
set(CMAKE_C_FLAGS_DEBUG "-O2 -g -DSOS_DEBUG=1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")

# Messages name files relative to the tree, wherever it lies.
add_compile_options(-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)

set(SOS_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Werror
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast> $<$<COMPILE_LANGUAGE:CXX>:-Wswitch-enum>)

# Freestanding AArch64 code: no exceptions, no RTTI, no floating-point registers, no PIE.
# libstdc++'s header-only parts (expected, span, bit, array, concepts) come from the cross compiler.
function(sos_freestanding target)
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_compile_options(${target} PRIVATE
      -ffreestanding -fno-pie -fno-common -fno-stack-protector -mgeneral-regs-only
      -mno-outline-atomics -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
      $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
      $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>
      $<$<COMPILE_LANGUAGE:CXX>:-fno-use-cxa-atexit>
      ${SOS_WARNINGS})
  target_link_options(${target} PRIVATE -nostdlib -static -no-pie -Wl,--gc-sections
      -Wl,-z,max-page-size=4096 -Wl,--build-id=none)
endfunction()

# sos_host_test(name SOURCES file... [LIBRARIES lib...] [INCLUDES dir...])
# A GoogleTest program under the sanitizers, registered with ctest under the label "host".
function(sos_host_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;INCLUDES" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  # Not optimised: under the sanitizers that would make compiling four times as long.
  target_compile_options(${name} PRIVATE ${SOS_WARNINGS} -O0 -fsanitize=address,undefined
      -fno-sanitize-recover=undefined)
  target_link_options(${name} PRIVATE -fsanitize=address,undefined)
  target_include_directories(${name} PRIVATE ${ARG_INCLUDES})
  # Without this GoogleTest includes <cxxabi.h>, which claims the name `abi` for itself.
  target_compile_definitions(${name} PRIVATE GTEST_HAS_CXXABI_H_=0)
  target_link_libraries(${name} PRIVATE base abi ${ARG_LIBRARIES} GTest::gtest_main host_panic)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS host TIMEOUT 300)
endfunction()

# sos_kernel_image(target variable)
# An image of the loader, the kernel and `target` as the root task: ${target}.img, whose path is
# left in `variable`. Built where this build has a kernel and a loader.
function(sos_kernel_image target variable)
  set(image ${CMAKE_CURRENT_BINARY_DIR}/${target}.img)
  set(packer ${PROJECT_SOURCE_DIR}/tools/pack_image.py)
  if(TARGET kernel AND TARGET loader)
    add_custom_command(OUTPUT ${image}
        COMMAND python3 ${packer} --loader $<TARGET_FILE:loader> --kernel $<TARGET_FILE:kernel>
                --root $<TARGET_FILE:${target}> -o ${image}
        DEPENDS loader kernel ${target} ${packer})
    add_custom_target(${target}_image ALL DEPENDS ${image})
  endif()
  set(${variable} ${image} PARENT_SCOPE)
endfunction()
