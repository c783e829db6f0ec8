//===- CublasLt.cpp - cuBLASLt, loaded when it is first used --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library takes 200 MB and a third of a second to load: only who runs a product on the GPU pays for it, and a
// program with these kernels starts on machines that do not have it. Its functions under their own names, forwarded.

#include <cublasLt.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#define XLSTM_SPELLED(x) #x
#define XLSTM_TEXT(x) XLSTM_SPELLED(x)
#define XLSTM_LIBRARY(major) "libcublasLt.so." XLSTM_TEXT(major)

/// Where pip has put python3's cuBLAS; empty when it has none.
static std::string pythonFolder() {
  constexpr const char *command =
      "python3 -c 'import sys; sys.path.pop(0); from importlib.util import find_spec as f; "
      "print(f(\"nvidia.cu" XLSTM_TEXT(CUBLAS_VER_MAJOR) "\").submodule_search_locations[0])' "
                                                         "2>/dev/null";
  std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command, "r"), pclose);
  std::string line;
  for (int c; pipe && (c = std::fgetc(pipe.get())) != EOF && c != '\n';)
    line += char(c);
  return line.empty() ? line : line + "/lib/";
}

static void *load(const std::string &folder) {
  return dlopen((folder + XLSTM_LIBRARY(CUBLAS_VER_MAJOR)).c_str(), RTLD_NOW | RTLD_LOCAL);
}

/// The library of the loader's path, of a toolkit ($CUDA_HOME or where NVIDIA's packages put it), or pip's.
static void *findLibrary() {
  const char *home = std::getenv("CUDA_HOME");
  void *library = load("");
  if (!library && home)
    library = load(std::string(home) + "/lib64/");
  if (!library)
    library = load("/usr/local/cuda/lib64/");
  return library ? library : load(pythonFolder());
}

static void *find(const char *name) {
  static void *library = findLibrary();
  return library ? dlsym(library, name) : nullptr;
}

#define XLSTM_FORWARD(name, parameters, arguments)                                                                     \
  extern "C" __attribute__((visibility("hidden"))) cublasStatus_t name parameters {                                    \
    static const auto function = reinterpret_cast<cublasStatus_t(*) parameters>(find(#name));                          \
    return function ? function arguments : CUBLAS_STATUS_NOT_INITIALIZED;                                              \
  }

XLSTM_FORWARD(cublasLtCreate, (cublasLtHandle_t * handle), (handle))
XLSTM_FORWARD(cublasLtMatmul,
              (cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void *alpha, const void *a,
               cublasLtMatrixLayout_t ofA, const void *b, cublasLtMatrixLayout_t ofB, const void *beta, const void *c,
               cublasLtMatrixLayout_t ofC, void *d, cublasLtMatrixLayout_t ofD, const cublasLtMatmulAlgo_t *algorithm,
               void *workspace, size_t workspaceSize, cudaStream_t stream),
              (handle, operation, alpha, a, ofA, b, ofB, beta, c, ofC, d, ofD, algorithm, workspace, workspaceSize,
               stream))
XLSTM_FORWARD(cublasLtMatmulAlgoGetHeuristic,
              (cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a,
               cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
               cublasLtMatmulPreference_t preference, int asked, cublasLtMatmulHeuristicResult_t results[], int *found),
              (handle, operation, a, b, c, d, preference, asked, results, found))
XLSTM_FORWARD(cublasLtMatmulDescCreate,
              (cublasLtMatmulDesc_t * operation, cublasComputeType_t compute, cudaDataType_t scale),
              (operation, compute, scale))
XLSTM_FORWARD(cublasLtMatmulDescDestroy, (cublasLtMatmulDesc_t operation), (operation))
XLSTM_FORWARD(cublasLtMatmulDescSetAttribute,
              (cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute, const void *value,
               size_t size),
              (operation, attribute, value, size))
XLSTM_FORWARD(cublasLtMatmulPreferenceCreate, (cublasLtMatmulPreference_t * preference), (preference))
XLSTM_FORWARD(cublasLtMatmulPreferenceDestroy, (cublasLtMatmulPreference_t preference), (preference))
XLSTM_FORWARD(cublasLtMatmulPreferenceSetAttribute,
              (cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
               size_t size),
              (preference, attribute, value, size))
XLSTM_FORWARD(cublasLtMatrixLayoutCreate,
              (cublasLtMatrixLayout_t * layout, cudaDataType type, uint64_t rows, uint64_t columns, int64_t leading),
              (layout, type, rows, columns, leading))
XLSTM_FORWARD(cublasLtMatrixLayoutDestroy, (cublasLtMatrixLayout_t layout), (layout))
