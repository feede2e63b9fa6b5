# SPDX-License-Identifier: Apache-2.0
# Small files that include the same spend most of a build on parsing it: several are one translation
# unit. What is looked at file by file (the lint preset) and firmware do without, and find an
# include that a file forgot.

# strata_unity(TARGET [ALONE file...]): eight files of a folder at a time. ALONE: files and folders,
# named below src/ or apps/, that share a name in their unnamed namespace with a neighbour, or have
# a type with linkage made of such names.
function(strata_unity target)
  cmake_parse_arguments(arg "" "" "ALONE" ${ARGN})
  if(NOT STRATA_UNITY OR NOT TARGET ${target})
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(SORT sources)
  foreach(source IN LISTS sources)
    string(REGEX REPLACE "^${PROJECT_SOURCE_DIR}/(src|apps)/" "" name ${source})
    string(REGEX REPLACE "/[^/]*$" "" folder ${name})
    if(name IN_LIST arg_ALONE OR "${folder}/" IN_LIST arg_ALONE OR NOT name MATCHES "\\.cpp$")
      continue()
    endif()
    string(MAKE_C_IDENTIFIER ${folder} folder)
    list(APPEND in_${folder} ${source})
    list(LENGTH in_${folder} count)
    math(EXPR number "(${count} - 1) / 8")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${number})
  endforeach()
endfunction()
