//===- Link.cpp - from a bundle to an executable for the CPU --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Link.h"
#include "lib/Target/Cpu/Kernels.h"
#include "lib/Target/Native/Append.h"
#include "lib/Target/Native/Emit.h"
#include "lib/Target/Native/Linker.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Cpu.h"
#include "xlstm/Transforms/WeightRules.h"

#include "llvm/Target/TargetMachine.h"

namespace fs = std::filesystem;

namespace xlstm {

/// What an executable is linked with.
static std::vector<std::string> findCpuArchives(const fs::path &libraries) {
  return findArchives(libraries, {"libXlstmDeploy.a", "libXlstmServe.a", "libXlstmChat.a", "libXlstmText.a", "libXlstmFiles.a"});
}

static fs::path kernelsOf(const fs::path &libraries) { return libraries / "xlstm_kernels_cpu.bc"; }

void checkCompile(const CompileOptions &options) {
  fs::path libraries = librariesOf(options.libraries);
  findLinker();
  findCpuArchives(libraries);
  existing(kernelsOf(libraries), "to compile a model");
  kernelsFor(*createTargetMachine(options.cpu), kernelsOf(libraries));
  WeightRules rules;
  for (const std::string &rule : options.weights)
    if (std::string error = rules.add(rule); !error.empty())
      fail(error);
  if (options.prefillTokens < 1 || options.prefillTokens > mostCpuPrefillTokens)
    fail("expected prefill calls of 1 to ", mostCpuPrefillTokens, " tokens for the CPU, found ", options.prefillTokens);
}

static CpuTargetOptions targetOf(const CompileOptions &options) {
  CpuTargetOptions target;
  target.kernels = kernelsOf(librariesOf(options.libraries));
  target.cpu = options.cpu;
  target.widen = options.widen;
  target.prefillTokens = options.prefillTokens;
  target.weights = options.weights;
  target.smallKeys = options.smallKeys;
  return target;
}

void emitBundle(const fs::path &path, const fs::path &output, const CompileOptions &options, CpuStage stage) {
  checkOutput(output, OutputKind::File, {path});
  checkCompile(options);
  Bundle bundle = Bundle::open(path);
  writeTextFile(output,
                translateForCpu(readTextFile(bundle.modelFile()), bundle.modelFile(), targetOf(options), stage));
}

Explanation explainBundle(const fs::path &path, const CompileOptions &options, const std::optional<CpuRates> &rates) {
  checkCompile(options);
  Bundle bundle = Bundle::open(path);
  return explainForCpu(readTextFile(bundle.modelFile()), bundle.modelFile(), targetOf(options), rates);
}

void compileBundle(const fs::path &path, const fs::path &output, const CompileOptions &options) {
  checkOutput(output, OutputKind::File, {path});
  checkCompile(options);
  fs::path libraries = librariesOf(options.libraries);
  Bundle bundle = Bundle::open(path);
  if (!options.allowNonFinite)
    checkFinite(bundle.weights);
  ScratchFolder folder(output);
  CpuTargetOptions target = targetOf(options);
  ModelObject object =
      compileForCpu(readTextFile(bundle.modelFile()), bundle.modelFile(), folder.path() / "model.o", target);
  std::vector<fs::path> objects = {object.file};
  if (!object.wideFile.empty())
    objects.push_back(object.wideFile);
  linkProgram(objects, findCpuArchives(libraries), folder.path() / "program");
  appendModel(folder.path() / "program", object, bundle, output);
}

} // namespace xlstm
