# add_minigrad_library(NAME
#   (MODEL file.mlir | FROM generator_target)
#   [ENTRIES entry...]       only these entries of the model
#   [MCPU level...]          CPU levels, as mgc's --mcpu
#   [WEIGHTS file.safetensors | embed])
#
# A static library target NAME made of NAME.o, with NAME.h on its include path.
# FROM names an executable that writes NAME.o and NAME.h into its working
# directory (mg::aot::compile).
function(add_minigrad_library name)
  cmake_parse_arguments(ARG "" "MODEL;FROM;WEIGHTS" "ENTRIES;MCPU" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR
      "add_minigrad_library: unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${name}.minigrad)
  file(MAKE_DIRECTORY ${directory})
  set(outputs ${directory}/${name}.o ${directory}/${name}.h)
  if(ARG_MODEL AND NOT ARG_FROM)
    get_filename_component(model ${ARG_MODEL} ABSOLUTE)
    set(options)
    foreach(entry ${ARG_ENTRIES})
      list(APPEND options --entry ${entry})
    endforeach()
    if(ARG_MCPU)
      list(JOIN ARG_MCPU "," levels)
      list(APPEND options --mcpu=${levels})
    endif()
    set(depends ${model})
    if(ARG_WEIGHTS AND NOT ARG_WEIGHTS STREQUAL "embed")
      get_filename_component(weights ${ARG_WEIGHTS} ABSOLUTE)
      list(APPEND options --weights ${weights})
      list(APPEND depends ${weights})
    elseif(ARG_WEIGHTS)
      list(APPEND options --weights embed)
    endif()
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${MINIGRAD_MGC} compile ${model} -o ${directory}/${name}.o
              ${options}
      DEPENDS ${depends} COMMENT "Compiling the model ${name}" VERBATIM)
  elseif(ARG_FROM AND NOT ARG_MODEL)
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${ARG_FROM} WORKING_DIRECTORY ${directory}
      DEPENDS ${ARG_FROM} COMMENT "Compiling the model ${name}" VERBATIM)
  else()
    message(FATAL_ERROR "add_minigrad_library: give either MODEL or FROM")
  endif()
  add_library(${name} STATIC ${outputs})
  set_source_files_properties(${directory}/${name}.o PROPERTIES
    EXTERNAL_OBJECT ON GENERATED ON)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${name} PUBLIC ${directory})
  target_link_libraries(${name} PUBLIC minigrad::runtime)
endfunction()
