# SPDX-License-Identifier: Apache-2.0
# Language, warnings, sanitizers and the tools that make a build quick. They bind this tree only:
# a project that adds Strata as a subdirectory keeps its own flags.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
  endif()
  # STRATA_CHECK and assert stay on in every build; line tables are enough to read a stack.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "${STRATA_OPTIMISE} -g1")
  add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Werror)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options(-Wreserved-identifier)
  else()
    # g++ looks for memory to free each few megabytes: not before half a gigabyte saves 5 % of its
    # time, and costs none that the largest files did not take before.
    add_compile_options(--param=ggc-min-heapsize=500000)
  endif()
  # The folders are position-independent, and nobody replaces their functions one by one when a
  # program is loaded: g++ may inline them (clang does so anyway).
  add_compile_options(-fno-semantic-interposition)
endif()

# g++ 12 warns about the inside of its own std::string when it inlines one (its bugs 105329 and
# 105651). Code that may use std::string, which is all above rank 3, goes without these warnings.
set(STRATA_HOSTED_OPTIONS "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  set(STRATA_HOSTED_OPTIONS -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
                            -Wno-stringop-overread)
endif()

# strata_asio_user(TARGET): g++ 12 takes Asio's allocation of coroutine frames for a mistake when it
# inlines one half of it.
function(strata_asio_user target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete)
  endif()
endfunction()

if(STRATA_SANITIZE)
  # vptr needs RTTI, which ranks 0 to 3 do without.
  add_compile_options(-fsanitize=${STRATA_SANITIZE} -fno-sanitize=vptr
                      -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${STRATA_SANITIZE} -fno-sanitize=vptr)
endif()
if(STRATA_LIBFUZZER)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(STRATA_CCACHE ccache)
if(STRATA_CCACHE AND PROJECT_IS_TOP_LEVEL)
  # What ccache must overlook to be able to cache a file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${STRATA_CCACHE})
endif()
find_program(STRATA_MOLD mold)
if(STRATA_MOLD AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CROSSCOMPILING)
  add_link_options(-fuse-ld=mold)
endif()

if(STRATA_TESTS)
  enable_testing()
  if(STRATA_GTEST_SOURCE)
    # A cross build has no packaged gtest: build the one whose source the package googletest has.
    set(INSTALL_GTEST OFF)
    add_subdirectory(${STRATA_GTEST_SOURCE} ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
    foreach(target gtest gtest_main gmock gmock_main)
      target_compile_options(${target} PRIVATE -w)
      get_target_property(headers ${target} INTERFACE_INCLUDE_DIRECTORIES)
      set_target_properties(${target} PROPERTIES
                            INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${headers}")
    endforeach()
    foreach(target gtest gtest_main gmock)
      if(NOT TARGET GTest::${target})
        add_library(GTest::${target} ALIAS ${target})
      endif()
    endforeach()
  else()
    find_package(GTest REQUIRED)
  endif()
endif()
