//===- Link.cpp - from a bundle to an executable for the CPU --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Link.h"
#include "lib/Target/Native/Append.h"
#include "lib/Target/Native/Linker.h"
#include "xlstm/Target/Cpu.h"

namespace fs = std::filesystem;

namespace xlstm {

void compileBundle(const fs::path &path, const fs::path &output, const CompileOptions &options) {
  fs::path libraries = librariesOf(options.libraries);
  findLinker(); // what is missing is said before the long part
  std::vector<std::string> archives =
      findArchives(libraries, {"libXlstmDeploy.a", "libXlstmChat.a", "libXlstmText.a", "libXlstmFiles.a"});
  Bundle bundle = Bundle::open(path);
  TemporaryFolder folder;
  CpuTargetOptions target;
  target.kernels = libraries / "xlstm_kernels_cpu.bc";
  target.cpu = options.cpu;
  target.prefillTokens = options.prefillTokens;
  ModelObject object =
      compileForCpu(readTextFile(bundle.modelFile()), bundle.modelFile(), folder.path / "model.o", target);
  linkProgram(object.file, archives, folder.path / "program");
  appendModel(folder.path / "program", object, bundle, output);
}

} // namespace xlstm
