# SPDX-License-Identifier: BSD-2-Clause
# Host tests of the server's memory code: the real sources over a fake kernel that is found first on
# the include path. The sources are compiled once, into host_fake_res and host_fake_vm.
#   sos_fake_kernel_test(name SOURCES test-or-server-file... LIBRARIES host_fake_res|host_fake_vm)
include_guard(GLOBAL)

set(fakes ${CMAKE_CURRENT_LIST_DIR})
set(server ${PROJECT_SOURCE_DIR}/server)
set(FAKE_INCLUDES ${fakes} ${PROJECT_SOURCE_DIR}/libsel4/include ${server} CACHE INTERNAL "")

function(sos_fake_library name)
  add_library(${name} STATIC ${ARGN})
  target_compile_options(${name} PRIVATE ${SOS_WARNINGS} -fsanitize=address,undefined
      -fno-sanitize-recover=undefined)
  target_include_directories(${name} PRIVATE ${FAKE_INCLUDES})
  target_link_libraries(${name} PUBLIC abi base host_panic)
endfunction()

sos_fake_library(host_fake_res ${fakes}/fake_kernel.cpp ${fakes}/fake_server.cpp
    ${server}/res/cspace.cpp ${server}/res/device_memory.cpp ${server}/res/frame_pool.cpp
    ${server}/res/irq.cpp ${server}/res/owned.cpp ${server}/res/res.cpp
    ${server}/res/server_pages.cpp ${server}/res/untyped.cpp)
sos_fake_library(host_fake_vm ${fakes}/fake_log.cpp ${fakes}/fake_paging.cpp
    ${server}/vm/address_space.cpp ${server}/vm/clock.cpp ${server}/vm/fault.cpp ${server}/vm/pin.cpp
    ${server}/vm/frame_table.cpp ${server}/vm/page_file.cpp ${server}/vm/page_table.cpp
    ${server}/vm/pager.cpp ${server}/vm/region.cpp ${server}/vm/scratch_frame.cpp
    ${server}/vm/share.cpp ${server}/vm/shared_page.cpp ${server}/vm/space_account.cpp ${server}/vm/turns.cpp ${server}/vm/waiters.cpp)
target_link_libraries(host_fake_vm PUBLIC host_fake_res)

function(sos_fake_kernel_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  sos_host_test(${name} SOURCES ${ARG_SOURCES} INCLUDES ${FAKE_INCLUDES}
      LIBRARIES ${ARG_LIBRARIES})
endfunction()
