//===- TargetTest.h - bundles and executables made by the tests -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_TARGET_TARGETTEST_H
#define TEST_UNIT_TARGET_TARGETTEST_H

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"

#include <ATen/core/Tensor.h>

namespace xlstm::test {

constexpr const char *inputs = XLSTM_TEST_INPUTS;
constexpr const char *examples = XLSTM_EXAMPLES;
/// Where the build has libXlstmDeploy.a and xlstm_kernels_cpu.bc.
constexpr const char *libraries = XLSTM_LIBRARIES;

/// A folder of this test run; removed at its end.
const std::filesystem::path &workFolder();

/// A bundle of a Hugging Face folder.
std::filesystem::path importTeacher(const std::filesystem::path &folder, const std::string &name);

/// The bundle of a student of `teacher` with the options of --xlstm-linearize; new tensors are their initial values
/// plus noise, so that gates and maps matter.
std::filesystem::path makeStudent(const std::filesystem::path &teacher, const std::string &options,
                                  const std::string &name);

/// The executable of a bundle.
std::filesystem::path compile(const std::filesystem::path &bundle, const std::string &name);

/// tiny-llama, its student with window 64 and 4 sinks, and their executables: made once.
struct Example {
  std::filesystem::path bundle, executable;
};
const Example &tinyTeacher();
const Example &tinyStudent();

/// What a run of a command left.
struct Ran {
  int status;
  std::string out, error;
};
Ran run(const std::vector<std::string> &command);

/// What the verb `logits` writes for ids [B, T].
at::Tensor runLogits(const std::filesystem::path &executable, const at::Tensor &ids_BT, int64_t prefill = 0,
                     const std::vector<std::string> &options = {});

/// Token ids [1, count] that mean nothing, all different from the next.
at::Tensor makeIds(int64_t count, int64_t vocab);

/// The forward pass of a bundle, float32.
class Forward {
public:
  explicit Forward(const std::filesystem::path &bundle);
  at::Tensor logits(const at::Tensor &ids_BT) const;

  Bundle bundle;
  std::string mlir;
  Program program;
  ParamMap params;
};

double largestDifference(const at::Tensor &a, const at::Tensor &b);

} // namespace xlstm::test

#endif // TEST_UNIT_TARGET_TARGETTEST_H
