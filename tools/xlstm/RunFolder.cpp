//===- RunFolder.cpp - stages that are done once --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunFolder.h"

#include "StageLog.h"

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm {

RunFolder::RunFolder(fs::path path) : folder(std::move(path)) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder / ".stages", error) && !fs::is_empty(folder, error))
    fail(folder.string(), ": expected a new or empty folder, or that of a run, found ",
         fs::is_directory(folder, error) ? "one with other files" : "a file", "; it is left as it is");
  fs::create_directories(folder / ".stages", error);
  if (error)
    fail(folder.string(), ": cannot make the run's folder: ", error.message());
  lock = open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock < 0)
    fail((folder / ".lock").string(), ": ", std::strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0)
    fail(folder.string(), ": another process works in this folder");
  removeStaleBelow(folder);
}

RunFolder::~RunFolder() { close(lock); }

void RunFolder::stage(const std::string &name, const std::string &settings, const std::function<void()> &work,
                      int64_t tokens) {
  history += name + ": " + settings + "\n";
  fs::path stamp = folder / ".stages" / name;
  if (fs::exists(stamp)) {
    if (readTextFile(stamp) != history)
      fail(folder.string(), ": stage '", name, "' was done with other settings (", stamp.string(),
           "); use another folder, or remove this one");
    say(name, "done before");
    return;
  }
  setInterruptLine("stage '" + name + "' in " + folder.string() + " is not finished; the same command goes on there");
  announce(name, "begins");
  auto start = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  logStage(folder, name, spent.count(), tokens, device);
  writeTextFile(stamp, history);
  say(name, "done in " + std::to_string(int64_t(spent.count())) + " s");
}

void RunFolder::discard(const fs::path &path) const {
  std::error_code ignored; // what cannot be removed only takes space
  fs::remove_all(folder / path, ignored);
}

} // namespace xlstm
