//===- Diff.cpp - xlstm diff: compare two safetensors files ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>

#include <cstdio>

namespace xlstm {

namespace {

struct DiffSettings {
  std::filesystem::path left, right;
  double tolerance = 1e-4;
};

} // namespace

/// The largest absolute difference; infinite where only one side is finite.
static double largestDifference(const at::Tensor &left, const at::Tensor &right) {
  at::Tensor a = left.to(at::kDouble), b = right.to(at::kDouble);
  if (a.numel() == 0)
    return 0;
  at::Tensor same = at::eq(a, b), distance = at::abs(at::sub(a, b));
  return at::nan_to_num(at::masked_fill(distance, same, 0), INFINITY, INFINITY, INFINITY).max().item<double>();
}

static void compare(const DiffSettings &settings) {
  SafetensorsFile left = SafetensorsFile::open(settings.left), right = SafetensorsFile::open(settings.right);
  int64_t common = 0, beyond = 0;
  for (const auto &[name, a] : left.tensors()) {
    auto found = right.tensors().find(name);
    if (found == right.tensors().end())
      continue;
    const StoredTensor &b = found->second;
    if (a.spec.shape != b.spec.shape)
      fail(settings.right.string(), ": tensor '", name, "': expected the shape of ", describe(a.spec), ", found ",
           describe(b.spec));
    double difference = largestDifference(toTensor(a), toTensor(b));
    bool over = !(difference <= settings.tolerance);
    std::printf("%-24s %-24s max |a - b| = %.3g%s\n", name.c_str(), describe(a.spec).c_str(), difference,
                over ? "  <-- over" : "");
    ++common;
    beyond += over;
  }
  if (common == 0)
    fail(settings.right.string(), ": expected a tensor name that ", settings.left.string(), " has too, found none");
  if (beyond > 0)
    fail(beyond, " of ", common, " tensors differ by more than ", settings.tolerance);
}

void addDiffCommand(CLI::App &app) {
  auto settings = std::make_shared<DiffSettings>();
  CLI::App *verb = app.add_subcommand("diff", "Compare the tensors that two safetensors files share by name");
  verb->add_option("left", settings->left, "First file")->required();
  verb->add_option("right", settings->right, "Second file")->required();
  verb->add_option("--tolerance", settings->tolerance, "Largest absolute difference that is accepted")
      ->capture_default_str()
      ->check(within(0.0, std::numeric_limits<double>::max()));
  verb->callback([settings] { compare(*settings); });
}

} // namespace xlstm
