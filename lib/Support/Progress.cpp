//===- Progress.cpp - what long work says while it runs -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Progress.h"

#include "xlstm/Support/Quote.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace xlstm {

static double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

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
  std::string line =
      escapeControls(fmt::format("[{}] {}/{}  {}{}{}", label, done, total, note, note.empty() ? "" : "  ", time));
  fmt::print(stderr, "{}{}{}", terminal ? "\r\x1b[K" : "", line, terminal && !last ? "" : "\n");
  std::fflush(stderr);
}

void say(const std::string &label, const std::string &text) {
  fmt::print(stderr, "{}\n", escapeControls(fmt::format("[{}] {}", label, text)));
}

} // namespace xlstm
