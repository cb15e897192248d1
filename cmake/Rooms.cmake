# A room is an object library; the product's shared library links all of them.
#
#   mg_room(NAME SOURCES... [MLIR])   MLIR: may see MLIR's and LLVM's headers
function(mg_room name)
  cmake_parse_arguments(ARG "MLIR" "" "" ${ARGN})
  add_library(${name} OBJECT ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}
                                            ${CMAKE_BINARY_DIR})
  if(ARG_MLIR)
    target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS}
                                                     ${MLIR_INCLUDE_DIRS})
  endif()
  set_property(GLOBAL APPEND PROPERTY MG_ROOMS ${name})
endfunction()

# One GoogleTest program of the folder test/FOLDER: each test is a ctest test
# named FOLDER/SUITE.NAME with the label FOLDER.
#
#   mg_unit_test(NAME SOURCES... [LIBS LIB...])
function(mg_unit_test name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/${folder})
  if(NOT TARGET test-${folder}) # builds the programs of one folder
    add_custom_target(test-${folder})
  endif()
  add_dependencies(test-${folder} ${name})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${folder}/"
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${folder} TIMEOUT 600)
endfunction()

# The lit tests of the folder test/FOLDER as one ctest test.
function(mg_lit_tests)
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_test(NAME ${folder}/lit
    COMMAND ${Python3_EXECUTABLE} ${MG_LIT} -v --order=smart -j2
            --param mg_build=${CMAKE_BINARY_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${folder}/lit PROPERTIES LABELS ${folder} TIMEOUT 1800)
endfunction()
