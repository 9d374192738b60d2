# SPDX-License-Identifier: BSD-2-Clause
# cmake -P: prints what user/sdk.cmake has programs compiled and linked with, a line each.
include("${CMAKE_CURRENT_LIST_DIR}/../../user/sdk.cmake")
foreach(list COMPILE_OPTIONS CXX_OPTIONS LINK_OPTIONS)
  list(JOIN SOS_PROGRAM_${list} " " words)
  execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${words}")
endforeach()
