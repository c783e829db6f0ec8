//===- Linker.cpp - from an object file to a program ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/Linker.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Program.h"

#include <algorithm>
#include <optional>
#include <sys/mman.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm {

std::string findLinker() {
  for (const char *name : {"c++", "clang++-19"})
    if (auto found = llvm::sys::findProgramByName(name)) // in PATH, and executable
      return *found;
  fail("expected a C++ compiler to link the executable (c++ or clang++-19), found none in PATH");
}

fs::path librariesOf(const fs::path &given) {
  if (!given.empty())
    return given;
  std::error_code error;
  fs::path tool = fs::read_symlink("/proc/self/exe", error);
  fs::path folder = tool.parent_path().parent_path() / "lib";
  return fs::exists(folder / "xlstm", error) ? folder / "xlstm" : folder; // the former where it was installed
}

fs::path existing(const fs::path &file, const char *what) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    fail(file.string(), ": expected this library ", what, ", found no such file");
  return file;
}

fs::path systemLibrary(const fs::path &libraries, const fs::path &found) {
  fs::path carried = libraries / found.filename();
  return fs::exists(carried) ? carried : existing(found);
}

std::vector<std::string> findArchives(const fs::path &libraries, const std::vector<std::string> &ours) {
  std::vector<std::string> archives;
  for (const std::string &name : ours)
    archives.push_back(existing(libraries / name));
  llvm::SmallVector<llvm::StringRef> found;
  llvm::StringRef(XLSTM_ARCHIVES).split(found, ':');
  for (llvm::StringRef archive : found)
    archives.push_back(systemLibrary(libraries, archive.str()));
  return archives;
}

namespace {

/// What a program says, in memory: a disk that is full for what it makes is full for its messages, too.
class Messages {
public:
  Messages() : file(::memfd_create("messages", MFD_CLOEXEC)) {}
  ~Messages() { ::close(file); }
  Messages(const Messages &) = delete;
  Messages &operator=(const Messages &) = delete;

  /// Where it is to be opened.
  std::string path() const {
    return file < 0 ? "/dev/null" : "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file);
  }
  std::string firstLine() const {
    std::string text(4096, '\0');
    text.resize(size_t(std::max<ssize_t>(0, ::pread(file, text.data(), text.size(), 0))));
    return text.substr(0, text.find('\n'));
  }

private:
  int file;
};

} // namespace

/// This process's environment with the linker's folder for temporary files: what is in the shared one outlives a kill.
static std::vector<std::string> environmentWith(const fs::path &temporary) {
  std::vector<std::string> result = {"TMPDIR=" + temporary.string()};
  for (char **entry = environ; *entry; ++entry)
    if (!std::string_view(*entry).starts_with("TMPDIR="))
      result.push_back(*entry);
  return result;
}

void linkProgram(const std::vector<fs::path> &objects, const std::vector<std::string> &archives, const fs::path &program) {
  std::vector<std::string> arguments = {findLinker(), "-o", program, "-s", "-Wl,--gc-sections,--as-needed"};
  arguments.insert(arguments.begin() + 1, objects.begin(), objects.end());
  arguments.insert(arguments.end(), archives.begin(), archives.end());
  if (*XLSTM_SANITIZE_FLAG)
    arguments.push_back(XLSTM_SANITIZE_FLAG);
  std::vector<std::string> environment = environmentWith(program.parent_path());
  std::vector<llvm::StringRef> words(arguments.begin(), arguments.end()),
      variables(environment.begin(), environment.end());
  Messages messages;
  std::string place = messages.path(), failure;
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(place), llvm::StringRef(place)};
  int status = llvm::sys::ExecuteAndWait(arguments[0], words, variables, redirects, 0, 0, &failure);
  if (status != 0)
    fail(arguments[0], ": linking the executable failed (exit status ", status,
         "): ", failure.empty() ? messages.firstLine() : failure);
}

} // namespace xlstm
