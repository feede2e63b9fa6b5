# SPDX-License-Identifier: Apache-2.0
# The dashboard inside the program: every file of web/ that a browser asks for, and uPlot's. The
# assembler reads them where they lie, so that nothing is translated and nothing can be stale.

set(STRATA_PLOT ${PROJECT_SOURCE_DIR}/web/node_modules/uplot/dist)

# strata_dashboard(TARGET): adds to it a source with the table that service/web/assets.cpp reads.
function(strata_dashboard target)
  set(plot ${STRATA_PLOT}/uPlot.esm.js ${STRATA_PLOT}/uPlot.min.css)
  if(NOT EXISTS ${STRATA_PLOT}/uPlot.esm.js)
    message(WARNING "uPlot is not in web/node_modules: the dashboard will have no charts. "
                    "Run ./dev setup, or npm ci in web/.")
    set(plot ${PROJECT_SOURCE_DIR}/cmake/dashboard/no_plot.js
             ${PROJECT_SOURCE_DIR}/cmake/dashboard/no_plot.css)
  endif()
  set(web ${PROJECT_SOURCE_DIR}/web)
  file(GLOB_RECURSE files RELATIVE ${web} CONFIGURE_DEPENDS
       ${web}/*.html ${web}/*.css ${web}/*.js ${web}/*.svg)
  list(FILTER files EXCLUDE REGEX "^node_modules/")
  set(paths ${files} vendor/uPlot.esm.js vendor/uPlot.min.css)
  list(TRANSFORM files PREPEND ${web}/)
  list(APPEND files ${plot})

  set(blobs "")
  set(rows "")
  foreach(path file IN ZIP_LISTS paths files)
    string(MAKE_C_IDENTIFIER "strata_dashboard_${path}" symbol)
    string(APPEND blobs "STRATA_FILE(${symbol}, \"${file}\");\n")
    string(APPEND rows "    {\"${path}\", ${symbol}, ${symbol}_end},\n")
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/dashboard_files.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/dashboard/files.cpp.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${source})
endfunction()
