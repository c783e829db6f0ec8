//===- TargetTest.cpp - bundles and executables made by the tests ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetTest.h"

#include "test/unit/TemporaryFolder.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm::test {

const fs::path &workFolder() {
  static TemporaryFolder folder;
  return folder.path;
}

fs::path importTeacher(const fs::path &folder, const std::string &name) {
  fs::path bundle = workFolder() / name;
  importHuggingFace(folder, bundle);
  return bundle;
}

fs::path makeStudent(const fs::path &teacherFolder, const std::string &options, const std::string &name) {
  Bundle teacher = Bundle::open(teacherFolder);
  std::string mlir =
      rewriteModule(readTextFile(teacher.modelFile()), teacher.modelFile(), "xlstm-linearize{" + options + "}");
  Program program = Program::parse(mlir, name);
  const FunctionSpec &spec = program.function("model");
  ParamMap params = initialParams(spec);
  auto random = at::detail::createCPUGenerator(7);
  for (auto &[tensor, value] : params)
    value = value + 0.2 * at::randn(value.sizes(), random);
  for (const ParamSpec &param : spec.params)
    if (!param.init)
      params[param.tensor.name] = toTensor(teacher.weights.get(param.tensor.name));
  fs::path folder = workFolder() / name;
  fs::create_directory(folder);
  carryModelFiles(teacherFolder, folder);
  writeTextFile(folder / "model.mlir", mlir);
  saveParams(folder / "model.safetensors", spec.params, params);
  writeBundleManifest(folder, "student", "a test");
  return folder;
}

fs::path compile(const fs::path &bundle, const std::string &name) {
  CompileOptions options;
  options.libraries = libraries;
  options.cpu = "native"; // one code instead of two; test/Tools/cpu-executable.test compares both
  options.widen = false;
  fs::path executable = workFolder() / name;
  compileBundle(bundle, executable, options);
  return executable;
}

const Example &tinyTeacher() {
  static Example example = [] {
    fs::path bundle = importTeacher(fs::path(examples) / "tiny-llama", "teacher");
    return Example{bundle, compile(bundle, "teacher-chat")};
  }();
  return example;
}

const Example &tinyStudent() {
  static Example example = [] {
    fs::path bundle = makeStudent(tinyTeacher().bundle, "window=64 sinks=4", "student");
    return Example{bundle, compile(bundle, "student-chat")};
  }();
  return example;
}

Ran run(const std::vector<std::string> &command) {
  fs::path out = workFolder() / "stdout", error = workFolder() / "stderr";
  pid_t child = fork();
  if (child == 0) {
    auto redirect = [](const fs::path &file, int target) {
      dup2(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), target);
    };
    redirect(out, STDOUT_FILENO);
    redirect(error, STDERR_FILENO);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    std::vector<char *> words;
    for (const std::string &word : command)
      words.push_back(const_cast<char *>(word.c_str()));
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readTextFile(out), readTextFile(error)};
}

at::Tensor runLogits(const fs::path &executable, const at::Tensor &ids_BT, int64_t prefill,
                     const std::vector<std::string> &options) {
  fs::path input = workFolder() / "ids.safetensors", output = workFolder() / "logits.safetensors";
  saveTensors(input, {{"input_ids", ids_BT}});
  std::vector<std::string> command = {executable, "logits", "--input",   input,
                                      "-o",       output,   "--prefill", std::to_string(prefill)};
  command.insert(command.end(), options.begin(), options.end());
  Ran ran = run(command);
  if (ran.status != 0)
    fail("logits: exit status ", ran.status, ": ", ran.error);
  return toTensor(SafetensorsFile::open(output).get("logits"));
}

at::Tensor makeIds(int64_t count, int64_t vocab) {
  return at::randint(2, vocab, {1, count}, at::detail::createCPUGenerator(3), at::TensorOptions(at::kLong));
}

Forward::Forward(const fs::path &folder)
    : bundle(Bundle::open(folder)), mlir(readTextFile(bundle.modelFile())), program(Program::parse(mlir, folder)),
      params(loadParams(program.function("model"), bundle.weights)) {
  at::set_num_threads(1); // these tensors are too small to share
}

at::Tensor Forward::logits(const at::Tensor &ids_BT) const {
  c10::NoGradGuard noGrad;
  return program.run("model", {ids_BT, at::zeros(ids_BT.sizes(), at::kInt)}, params).at(0);
}

double largestDifference(const at::Tensor &a, const at::Tensor &b) { return (a - b).abs().max().item<double>(); }

} // namespace xlstm::test
