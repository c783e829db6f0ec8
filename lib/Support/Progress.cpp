//===- Progress.cpp - what long work says while it runs -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace xlstm {

static double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// What standard error does not take is lost: a run does not end for it, as it would by fmt::print, which throws.
static void writeError(const std::string &text) { std::fwrite(text.data(), 1, text.size(), stderr); }

Progress::Progress(std::string label, int64_t total, int64_t done)
    : label(std::move(label)), total(total), before(done), done(done), terminal(isatty(STDERR_FILENO)),
      start(Clock::now()), lastPrint(start) {}

Progress::~Progress() {
  if (done > before)
    print(/*last=*/true);
}

void Progress::advance(int64_t steps, const std::string &newNote) {
  done += steps;
  if (!newNote.empty())
    note = newNote;
  double quiet = terminal ? 0.2 : 10;
  if (done < total && seconds(Clock::now() - lastPrint) >= quiet)
    print(/*last=*/false);
}

void Progress::print(bool last) {
  lastPrint = Clock::now();
  double spent = seconds(lastPrint - start);
  std::string time = last ? fmt::format("{:.0f} s", spent)
                          : fmt::format("{:.0f} s left", spent / double(done - before) * double(total - done));
  std::string line = fmt::format("[{}] {}/{}  {}{}{}", label, done, total, note, note.empty() ? "" : "  ", time);
  writeError(fmt::format("{}{}{}", terminal ? "\r\x1b[K" : "", line, terminal && !last ? "" : "\n"));
}

void say(const std::string &label, const std::string &text) { writeError(fmt::format("[{}] {}\n", label, text)); }

} // namespace xlstm
