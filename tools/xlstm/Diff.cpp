//===- Diff.cpp - xlstm diff: compare tensors of two files or folders -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

struct DiffSettings {
  fs::path left, right;
  double tolerance = 1e-4;
};

/// A difference: exact between integers.
struct Difference {
  double value;
  std::string text;
};

using Tensors = std::map<std::string, StoredTensor>;

} // namespace

template <typename T>
static std::vector<int64_t> widen(const StoredTensor &tensor) {
  std::vector<T> values(tensor.spec.numElements());
  if (!values.empty())
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return {values.begin(), values.end()};
}

static std::vector<int64_t> integersOf(const StoredTensor &tensor) {
  switch (tensor.spec.dtype) {
  case DType::I64:
    return widen<int64_t>(tensor);
  case DType::I32:
    return widen<int32_t>(tensor);
  case DType::I16:
    return widen<int16_t>(tensor);
  case DType::I8:
    return widen<int8_t>(tensor);
  case DType::U16:
    return widen<uint16_t>(tensor);
  default: // U8, BOOL
    return widen<uint8_t>(tensor);
  }
}

static Difference compareIntegers(const StoredTensor &left, const StoredTensor &right) {
  std::vector<int64_t> a = integersOf(left), b = integersOf(right);
  uint64_t largest = 0;
  for (size_t n = 0; n < a.size(); ++n) {
    auto [low, high] = std::minmax(a[n], b[n]);
    largest = std::max(largest, static_cast<uint64_t>(high) - static_cast<uint64_t>(low));
  }
  return {static_cast<double>(largest), std::to_string(largest)};
}

/// The largest absolute difference; infinite where only one side is finite.
static Difference compareFloats(const StoredTensor &left, const StoredTensor &right) {
  at::Tensor a = toTensor(left).to(at::kDouble), b = toTensor(right).to(at::kDouble);
  double largest = 0;
  if (a.numel() != 0) {
    at::Tensor same = at::eq(a, b), distance = at::abs(at::sub(a, b));
    largest = at::nan_to_num(at::masked_fill(distance, same, 0), INFINITY, INFINITY, INFINITY).max().item<double>();
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", largest);
  return {largest, text};
}

/// Of a safetensors file, or of a model's folder.
static Tensors readTensors(const fs::path &path) {
  std::error_code error;
  return fs::is_directory(path, error) ? WeightFiles::open(path).tensors() : SafetensorsFile::open(path).tensors();
}

/// The names of the folder's files; none of a file.
static std::set<std::string> filesOf(const fs::path &path) {
  std::set<std::string> names;
  std::error_code error;
  if (fs::is_directory(path, error))
    for (const auto &entry : fs::directory_iterator(path))
      names.insert(entry.path().filename().string());
  return names;
}

static std::string padded(std::string text) {
  constexpr size_t width = 24;
  text.resize(std::max(text.size(), width), ' ');
  return text + " ";
}

/// Lines for the names that only one side has.
static std::string listUnshared(const DiffSettings &settings, const char *what, const std::set<std::string> &left,
                                const std::set<std::string> &right) {
  std::string lines;
  auto list = [&](const fs::path &path, const std::set<std::string> &here, const std::set<std::string> &there) {
    for (const std::string &name : here)
      if (!there.contains(name))
        lines += escapeControls(what + (" only in " + path.string() + ": " + name)) + "\n";
  };
  list(settings.left, left, right);
  list(settings.right, right, left);
  return lines;
}

static std::set<std::string> namesOf(const Tensors &tensors) {
  std::set<std::string> names;
  for (const auto &[name, tensor] : tensors)
    names.insert(name);
  return names;
}

static void compare(const DiffSettings &settings) {
  Tensors left = readTensors(settings.left), right = readTensors(settings.right);
  std::string report;
  int64_t common = 0, beyond = 0;
  for (const auto &[name, a] : left) {
    auto found = right.find(name);
    if (found == right.end())
      continue;
    const StoredTensor &b = found->second;
    if (a.spec.shape != b.spec.shape)
      fail(settings.right.string(), ": tensor '", name, "': expected the shape of ", describe(a.spec), ", found ",
           describe(b.spec));
    bool areIntegers = !isFloat(a.spec.dtype) && !isFloat(b.spec.dtype);
    Difference difference = areIntegers ? compareIntegers(a, b) : compareFloats(a, b);
    bool over = !(difference.value <= settings.tolerance);
    report += padded(escapeControls(name)) + padded(describe(a.spec)) + "max |a - b| = " + difference.text +
              (over ? "  <-- over\n" : "\n");
    ++common;
    beyond += over;
  }
  report += listUnshared(settings, "tensor", namesOf(left), namesOf(right));
  std::set<std::string> leftFiles = filesOf(settings.left), rightFiles = filesOf(settings.right);
  if (!leftFiles.empty() && !rightFiles.empty())
    report += listUnshared(settings, "file", leftFiles, rightFiles);
  writeOut(report);
  if (common == 0)
    fail(settings.right.string(), ": expected a tensor name that ", settings.left.string(), " has too, found none");
  if (beyond > 0)
    fail(beyond, " of ", common, " tensors differ by more than ", settings.tolerance);
}

void addDiffCommand(CLI::App &app) {
  auto settings = std::make_shared<DiffSettings>();
  CLI::App *verb = app.add_subcommand(
      "diff", "Compare the tensors that two safetensors files, or two models' folders, share by name");
  verb->add_option("left", settings->left, "First file or folder")->required();
  verb->add_option("right", settings->right, "Second file or folder")->required();
  verb->add_option("--tolerance", settings->tolerance, "Largest absolute difference that is accepted")
      ->capture_default_str()
      ->check(within(0.0, std::numeric_limits<double>::max()));
  verb->callback([settings] { compare(*settings); });
}

} // namespace xlstm
