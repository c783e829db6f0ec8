//===- Link.cpp - from a bundle to an executable for a GPU ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Link.h"
#include "lib/Target/Native/Append.h"
#include "lib/Target/Native/Linker.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm {

void checkCudaTarget() {
  if (!*XLSTM_CUDART_ARCHIVE)
    fail("this build of xlstm has no CUDA target, which needs nvcc (CUDA 13's toolkit; CUDA_HOME says where it is): "
         "sh tools/build.sh cuda, then build/cuda/bin/xlstm");
}

/// What an executable needs to drive a GPU: our own archives, CUDA's runtime, and what that needs of the system. The
/// driver and cuBLASLt are opened when it runs.
static std::vector<std::string> findCudaArchives(const fs::path &libraries) {
  checkCudaTarget();
  std::vector<std::string> archives =
      findArchives(libraries, {"libXlstmDeployCuda.a", "libXlstmDeploy.a", "libXlstmServe.a", "libXlstmChat.a", "libXlstmText.a",
                               "libXlstmFiles.a", "libXlstmDevice.a", "libXlstmKernelsCuda.a"});
  archives.push_back(systemLibrary(libraries, XLSTM_CUDART_ARCHIVE));
  for (const char *flag : {"-ldl", "-lrt", "-lpthread"})
    archives.push_back(flag);
  return archives;
}

/// The IR of a shape: of a folder, or a file by itself.
static fs::path shapeFile(const fs::path &path) { return fs::is_directory(path) ? path / "model.mlir" : path; }

void compileBundleForCuda(const fs::path &path, const fs::path &output, const CudaCompileOptions &options) {
  checkOutput(output, OutputKind::File, {path});
  fs::path libraries = librariesOf(options.libraries);
  std::vector<std::string> archives = findCudaArchives(libraries);
  findLinker(); // what is missing is said before the long part
  ScratchFolder folder(output);
  fs::path object = folder.path() / "model.o", program = folder.path() / "program";
  if (options.randomWeights) {
    fs::path file = shapeFile(path);
    ModelObject shape = compileForCuda(fs::is_directory(path) ? readTextFile(file) : readGivenFile(file), file, object, options);
    linkProgram({object}, archives, program);
    appendShape(program, shape, path, output);
    return;
  }
  Bundle bundle = Bundle::open(path);
  if (!options.allowNonFinite)
    checkFinite(bundle.weights);
  ModelObject model = compileForCuda(readTextFile(bundle.modelFile()), bundle.modelFile(), object, options);
  linkProgram({object}, archives, program);
  appendModel(program, model, bundle, output);
}

} // namespace xlstm
