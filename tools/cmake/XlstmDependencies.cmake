# Everything that is not ours, found once; the rest of the build names the targets made here.

file(STRINGS ${CMAKE_SOURCE_DIR}/tools/versions.env pins REGEX "^(LLVM|TORCH)_[A-Z]+=[0-9a-z.]+$")
foreach(pin ${pins}) # LLVM_VERSION=19.1.7
  string(REGEX MATCH "(.*)=(.*)" pin ${pin})
  set(pinned_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

set(MLIR_DIR /usr/lib/llvm-19/lib/cmake/mlir CACHE PATH "Where MLIRConfig.cmake is")
set(LLVM_DIR /usr/lib/llvm-19/lib/cmake/llvm CACHE PATH "Where LLVMConfig.cmake is")
find_package(MLIR 19.1 REQUIRED CONFIG)
if(NOT LLVM_PACKAGE_VERSION VERSION_EQUAL pinned_LLVM_VERSION)
  message(FATAL_ERROR "LLVM ${pinned_LLVM_VERSION} is pinned in tools/versions.env, found ${LLVM_PACKAGE_VERSION}")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
set(XLSTM_LLVM_BIN ${LLVM_TOOLS_BINARY_DIR})

# Where MLIR is static, so is all else but libc, libstdc++ and LibTorch: the program goes where nothing of ours is.
find_library(XLSTM_ZLIB libz.a REQUIRED)
find_library(XLSTM_ZSTD libzstd.a REQUIRED)
set(XLSTM_COMPRESSION z zstd)
if(XLSTM_STATIC_MLIR)
  find_library(XLSTM_YAML_CPP libyaml-cpp.a REQUIRED)
  set(XLSTM_COMPRESSION ${XLSTM_ZLIB} ${XLSTM_ZSTD})
  set(Protobuf_USE_STATIC_LIBS ON)
endif()

# Xlstm::MLIR is all of MLIR and LLVM, shared or static, never mixed: two copies of LLVM in a process break each other.
add_library(XlstmMLIR INTERFACE)
add_library(Xlstm::MLIR ALIAS XlstmMLIR)
target_include_directories(XlstmMLIR SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
if(XLSTM_STATIC_MLIR)
  file(GLOB mlir_archives ${LLVM_LIBRARY_DIR}/libMLIR*.a)
  list(FILTER mlir_archives EXCLUDE REGEX "CAPI|TestDialect|MLIRTest")
  file(GLOB llvm_archives ${LLVM_LIBRARY_DIR}/libLLVM*.a)
  target_link_libraries(XlstmMLIR INTERFACE -Wl,--start-group ${mlir_archives} ${llvm_archives} -Wl,--end-group ${XLSTM_COMPRESSION} pthread dl)
  target_link_options(XlstmMLIR INTERFACE -B${XLSTM_LLVM_BIN} -fuse-ld=lld -Wl,--as-needed -Wl,--gc-sections)
else()
  target_link_libraries(XlstmMLIR INTERFACE MLIR LLVM)
  # clang's sanitizer and fuzzer runtimes want lld or bfd; mold links the rest twice as fast.
  target_link_options(XlstmMLIR INTERFACE -fuse-ld=mold)
endif()

# LibTorch out of the wheel. find_package(Torch) stops on machines without a CUDA toolkit.
add_library(Xlstm::C10 SHARED IMPORTED)
set_target_properties(Xlstm::C10 PROPERTIES IMPORTED_LOCATION ${XLSTM_DEPS}/torch/lib/libc10.so
  INTERFACE_INCLUDE_DIRECTORIES "${XLSTM_DEPS}/torch/include;${XLSTM_DEPS}/torch/include/torch/csrc/api/include"
  INTERFACE_COMPILE_DEFINITIONS AT_PER_OPERATOR_HEADERS) # ATen's headers then include the operators they name, not all 2,288
add_library(Xlstm::Torch SHARED IMPORTED)
set_target_properties(Xlstm::Torch PROPERTIES IMPORTED_LOCATION ${XLSTM_DEPS}/torch/lib/libtorch_cpu.so
  INTERFACE_LINK_LIBRARIES Xlstm::C10)
if(NOT EXISTS ${XLSTM_DEPS}/torch/lib/libtorch_cpu.so)
  message(FATAL_ERROR "${XLSTM_DEPS}/torch is missing: run sh tools/setup.sh, or set XLSTM_DEPS to its folder")
endif()

find_package(Protobuf REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
set(XLSTM_YAML yaml-cpp)
set(XLSTM_FMT fmt::fmt)
if(XLSTM_STATIC_MLIR)
  set(XLSTM_YAML ${XLSTM_YAML_CPP})
  set(XLSTM_FMT) # Debian has no archive: lib/Support, which alone includes it, compiles it in
endif()
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
# Static: the deployed executable may need the C and C++ runtime only.
find_library(XLSTM_PCRE2 libpcre2-8.a REQUIRED)
find_library(XLSTM_UTF8PROC libutf8proc.a REQUIRED)
find_library(XLSTM_LZMA liblzma.a REQUIRED)
find_path(XLSTM_XXHASH xxhash.h REQUIRED) # header alone
find_path(XLSTM_BOOST boost/beast/http.hpp REQUIRED) # headers alone
find_library(XLSTM_LIBEDIT libedit.a REQUIRED)
find_library(XLSTM_LIBTINFO libtinfo.a REQUIRED)
find_library(XLSTM_LIBBSD libbsd.a REQUIRED)
find_library(XLSTM_LIBMD libmd.a REQUIRED)
set(XLSTM_EDITOR ${XLSTM_LIBEDIT} ${XLSTM_LIBTINFO} ${XLSTM_LIBBSD} ${XLSTM_LIBMD}) # in link order
set(XLSTM_EXECUTABLE_ARCHIVES ${XLSTM_EDITOR} ${XLSTM_PCRE2} ${XLSTM_UTF8PROC} ${XLSTM_LZMA} ${XLSTM_ZLIB} ${XLSTM_ZSTD})
set(XLSTM_LIT ${XLSTM_LLVM_BIN}/../build/utils/lit/lit.py)

# Paths relative to the checkout: every build folder, and every clone, shares what was compiled. DEPEND: a result is known by
# its source and headers, never by preprocessed text, which for nvcc is that of one architecture alone (and takes time).
# IGNOREOPTIONS: behind -Xclang stand whole paths of the precompiled header alone, and its sum is counted already.
find_program(CCACHE ccache)
if(CCACHE)
  set(XLSTM_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
    CCACHE_IGNOREOPTIONS=-Xclang CCACHE_PCH_EXTSUM=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  foreach(language C CXX CUDA)
    set(CMAKE_${language}_COMPILER_LAUNCHER ${XLSTM_LAUNCHER})
  endforeach()
endif()
