# Headers of others that are read once instead of in every file, which is most of a file's time: a folder names its set in
# XLSTM_PCH. Ours are in none, so that a change of one rebuilds only who includes it. A file still includes what it uses: the
# presets asan and portable build without.
#
# clang alone: gcc reads such a set about as slowly as the headers (it instantiates the pending templates in every file).
set(std <algorithm> <charconv> <cmath> <cstring> <filesystem> <fstream> <functional> <iostream> <limits> <map> <memory>
  <optional> <set> <span> <sstream> <string> <unordered_map> <vector> <nlohmann/json.hpp>)
set(mlir <llvm/ADT/StringMap.h> <llvm/ADT/StringSwitch.h> <llvm/ADT/TypeSwitch.h> <mlir/Bytecode/BytecodeImplementation.h>
  <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h> <mlir/IR/DialectImplementation.h> <mlir/IR/OpImplementation.h>
  <mlir/IR/PatternMatch.h> <mlir/IR/Verifier.h> <mlir/Interfaces/FunctionImplementation.h>
  <mlir/Interfaces/InferTypeOpInterface.h> <mlir/Interfaces/SideEffectInterfaces.h> <mlir/Parser/Parser.h>
  <mlir/Pass/PassManager.h>)
set(torch <ATen/Functions.h> <ATen/TensorOperators.h> <c10/core/GradMode.h>)
set(gtest <gtest/gtest.h>)

# xlstm_precompiled_set(Name HEADERS ... [LINK ...])
function(xlstm_precompiled_set name)
  cmake_parse_arguments(arg "" "" "HEADERS;LINK" ${ARGN})
  set(target XlstmPrecompiled${name})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled/${name}.cpp CONTENT "")
  add_library(${target} OBJECT ${CMAKE_BINARY_DIR}/precompiled/${name}.cpp)
  target_link_libraries(${target} PRIVATE ${arg_LINK})
  target_precompile_headers(${target} PRIVATE ${arg_HEADERS})
  # Each build folder makes its own, clang's holding absolute paths; ccache knows it by what it is made of, the same everywhere.
  set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "")
  file(SHA256 ${CMAKE_SOURCE_DIR}/tools/versions.env versions)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum
    CONTENT "${arg_HEADERS} ${versions}\n")
endfunction()

if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  xlstm_precompiled_set(Std HEADERS ${std} LINK nlohmann_json::nlohmann_json)
  xlstm_precompiled_set(Test HEADERS ${std} ${gtest} LINK nlohmann_json::nlohmann_json GTest::gtest)
  xlstm_precompiled_set(MLIR HEADERS ${std} ${mlir} LINK nlohmann_json::nlohmann_json Xlstm::MLIR)
  xlstm_precompiled_set(MLIRTest HEADERS ${std} ${mlir} ${gtest} LINK nlohmann_json::nlohmann_json Xlstm::MLIR GTest::gtest)
  xlstm_precompiled_set(Torch HEADERS ${std} ${mlir} ${torch} LINK nlohmann_json::nlohmann_json Xlstm::MLIR Xlstm::Torch)
  xlstm_precompiled_set(TorchTest HEADERS ${std} ${mlir} ${torch} ${gtest}
    LINK nlohmann_json::nlohmann_json Xlstm::MLIR Xlstm::Torch GTest::gtest)
endif()

# xlstm_use_precompiled(target): the set that the folder's XLSTM_PCH names.
function(xlstm_use_precompiled target)
  if(XLSTM_PCH AND TARGET XlstmPrecompiled${XLSTM_PCH})
    target_precompile_headers(${target} REUSE_FROM XlstmPrecompiled${XLSTM_PCH})
  endif()
endfunction()
