# hbm_add_test(name LAYER layer SOURCES files... [LIBRARIES targets...] [ENVIRONMENT NAME=value...]): an executable on
# tests/support/check.hpp, run once by CTest. BPUSIM_ENGINE_PATH reaches it from the caller's environment.
add_library(hbm_check_main OBJECT "${CMAKE_CURRENT_LIST_DIR}/../tests/support/check_main.cpp")
target_include_directories(hbm_check_main PUBLIC "${CMAKE_CURRENT_LIST_DIR}/../tests")
target_link_libraries(hbm_check_main PUBLIC hbm_options)

function(hbm_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LAYER" "SOURCES;LIBRARIES;ENVIRONMENT")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE hbm_check_main ${arg_LIBRARIES})
  if(NOT TARGET tests_${arg_LAYER})
    add_custom_target(tests_${arg_LAYER} COMMENT "The tests of ${arg_LAYER}")
  endif()
  add_dependencies(tests_${arg_LAYER} ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LAYER}" TIMEOUT 300 ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()
