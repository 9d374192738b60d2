# SPDX-License-Identifier: BSD-2-Clause
# Host tests of the server's memory code: the real sources over a fake kernel that is found first on
# the include path. sos_fake_kernel_test(name SOURCES test... SERVER file-under-server...)
include_guard(GLOBAL)
set(FAKES_DIRECTORY ${CMAKE_CURRENT_LIST_DIR} CACHE INTERNAL "")

function(sos_fake_kernel_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;SERVER" ${ARGN})
  set(server ${PROJECT_SOURCE_DIR}/server)
  list(TRANSFORM ARG_SERVER PREPEND ${server}/)
  sos_host_test(${name}
      SOURCES ${ARG_SOURCES} ${ARG_SERVER} ${FAKES_DIRECTORY}/fake_kernel.cpp
              ${FAKES_DIRECTORY}/fake_server.cpp
      INCLUDES ${FAKES_DIRECTORY} ${PROJECT_SOURCE_DIR}/libsel4/include ${server}
      LIBRARIES host_panic)
endfunction()

set(SERVER_RES res/cspace.cpp res/device_memory.cpp res/frame_pool.cpp res/irq.cpp res/owned.cpp
    res/res.cpp res/server_pages.cpp res/untyped.cpp CACHE INTERNAL "")
set(SERVER_VM vm/address_space.cpp vm/frame_table.cpp vm/page_table.cpp vm/region.cpp
    vm/scratch_frame.cpp CACHE INTERNAL "")
