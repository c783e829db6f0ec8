//===- Output.cpp - may a command write where it was told to? -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Output.h"

#include "runtime/Files/Durable.h"
#include "runtime/Files/SystemError.h"

#include <algorithm>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

/// Whether `inner` is `outer` or lies in it.
static bool liesIn(const fs::path &inner, const fs::path &outer) {
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

/// Without links, as far as the path is there.
static fs::path realPath(const fs::path &path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(normalPath(path), error);
  return error ? normalPath(path) : real;
}

static void checkApart(const fs::path &output, const std::vector<fs::path> &inputs) {
  fs::path target = realPath(output);
  for (const fs::path &input : inputs) {
    if (input.empty())
      continue;
    if (liesIn(realPath(input), target))
      fail(output.string(), ": the output would replace the input ", input.string());
    if (liesIn(target, realPath(input)))
      fail(output.string(), ": the output lies in the input ", input.string());
  }
}

/// What is written as a whole must not be what is running: the next command would be without its program.
static void checkNotSelf(const fs::path &output) {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error && liesIn(program, realPath(output)))
    fail(output.string(), ": the output would replace this program, ", program.string());
}

void xlstm::checkOutput(const fs::path &output, OutputKind kind, const std::vector<fs::path> &inputs) {
  fs::path target = normalPath(output), parent = target.parent_path();
  std::error_code error;
  if (kind == OutputKind::KeptFolder) { // written into is the folder, or the first one on the way to it
    parent = target;
    while (!fs::exists(parent, error) && parent.has_relative_path())
      parent = parent.parent_path();
  }
  fs::file_status status = fs::status(target, error);
  if (kind == OutputKind::File ? fs::exists(status) && !fs::is_regular_file(status)
                               : fs::exists(status) && !fs::is_directory(status))
    fail(target.string(), ": cannot write: it exists and is not a ",
         kind == OutputKind::File ? "regular file" : "folder");
  if (!fs::is_directory(parent, error))
    fail(target.string(), ": cannot create: ", parent.string(), " is no folder");
  if (::access(parent.c_str(), W_OK | X_OK))
    failSystem(target, "create");
  checkApart(output, inputs);
  if (kind != OutputKind::KeptFolder)
    checkNotSelf(output);
}
