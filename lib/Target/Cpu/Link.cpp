//===- Link.cpp - from a bundle to one executable -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Target/Link.h"
#include "lib/Target/Cpu/Append.h"
#include "xlstm/Support/Error.h"

#include "llvm/Support/Program.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

/// A folder for what is made on the way; gone with its owner.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = fs::temp_directory_path() / "xlstm-XXXXXX";
    if (!mkdtemp(pattern.data()))
      fail(pattern, ": expected to make a temporary folder: ", strerror(errno));
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  fs::path path;
};

} // namespace

std::string findLinker() {
  for (const char *name : {"c++", "clang++-19"})
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  fail("expected a C++ compiler to link the executable (c++ or clang++-19), found none in PATH");
}

static fs::path librariesOf(const fs::path &given) {
  if (!given.empty())
    return given;
  std::error_code error;
  fs::path tool = fs::read_symlink("/proc/self/exe", error);
  return tool.parent_path().parent_path() / "lib";
}

static fs::path existing(const fs::path &file) {
  if (!fs::exists(file))
    fail(file.string(), ": expected this library to link the executable, found no such file");
  return file;
}

/// A static library of the system: beside our own ones where they were installed together, else where the build found
/// it.
static fs::path systemLibrary(const fs::path &libraries, const fs::path &found) {
  fs::path carried = libraries / found.filename();
  return fs::exists(carried) ? carried : existing(found);
}

/// The archives that make an executable of an object file, in link order.
static std::vector<std::string> findArchives(const fs::path &libraries) {
  std::vector<std::string> archives;
  for (const char *name : {"libXlstmDeploy.a", "libXlstmText.a", "libXlstmFiles.a"})
    archives.push_back(existing(libraries / name));
  for (const char *found : {XLSTM_PCRE2_ARCHIVE, XLSTM_UTF8PROC_ARCHIVE, XLSTM_LZMA_ARCHIVE})
    archives.push_back(systemLibrary(libraries, found));
  return archives;
}

static std::string firstLine(const fs::path &file) {
  std::string text = readTextFile(file);
  return text.substr(0, text.find('\n'));
}

static void runLinker(const std::vector<std::string> &arguments, const fs::path &folder) {
  std::vector<llvm::StringRef> words(arguments.begin(), arguments.end());
  std::string messages = folder / "messages", failure;
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(messages), llvm::StringRef(messages)};
  int status = llvm::sys::ExecuteAndWait(arguments[0], words, std::nullopt, redirects, 0, 0, &failure);
  if (status != 0)
    fail(arguments[0], ": linking the executable failed (exit status ", status,
         "): ", failure.empty() ? firstLine(messages) : failure);
}

void linkExecutable(const CpuObject &object, const Bundle &bundle, const fs::path &output, const fs::path &given) {
  fs::path libraries = librariesOf(given);
  TemporaryFolder folder;
  fs::path program = folder.path / "program";
  std::vector<std::string> arguments = {findLinker(), object.file, "-o",
                                        program,      "-s",        "-Wl,--gc-sections,--as-needed"};
  std::vector<std::string> archives = findArchives(libraries);
  arguments.insert(arguments.end(), archives.begin(), archives.end());
  if (*XLSTM_SANITIZE_FLAG)
    arguments.push_back(XLSTM_SANITIZE_FLAG);
  runLinker(arguments, folder.path);
  appendModel(program, object, bundle, output);
}

void compileBundle(const fs::path &path, const fs::path &output, const CompileOptions &options) {
  fs::path libraries = librariesOf(options.libraries);
  findLinker(); // what is missing is said before the long part
  findArchives(libraries);
  Bundle bundle = Bundle::open(path);
  TemporaryFolder folder;
  CpuTargetOptions target;
  target.kernels = libraries / "xlstm_kernels_cpu.bc";
  target.cpu = options.cpu;
  target.prefillTokens = options.prefillTokens;
  std::string mlir = readTextFile(bundle.modelFile());
  CpuObject object = compileForCpu(mlir, bundle.modelFile(), folder.path / "model.o", target);
  linkExecutable(object, bundle, output, libraries);
}

} // namespace xlstm
