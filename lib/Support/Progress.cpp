//===- Progress.cpp - what long work says while it runs -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Progress.h"

#include "lib/Support/ProgressLine.h"
#include "xlstm/Support/Quiet.h"
#include "xlstm/Support/Quote.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace xlstm {

/// Whether the terminal's last line is one that the next replaces.
static bool lineIsOpen = false;
static bool isQuiet = false;

void beQuiet() { isQuiet = true; }

/// Writes a line; on a terminal over the open one. What cannot be written is lost: progress never ends a run.
static void writeLine(const std::string &line, bool leaveOpen) {
  if (isQuiet)
    return;
  std::string text = (lineIsOpen ? "\r\x1b[K" : "") + line + (leaveOpen ? "" : "\n");
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  lineIsOpen = leaveOpen;
}

/// Columns that a line may have that is rewritten: in the last one many terminals wrap.
static size_t columns() {
  size_t width = terminalWidth();
  return width > 1 ? width - 1 : 0;
}

static double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Progress::Progress(std::string label, int64_t total, int64_t done)
    : label(std::move(label)), total(total), before(done), done(done), terminal(isatty(STDERR_FILENO)),
      start(Clock::now()), lastPrint(start) {
  if (done < total)
    print(/*last=*/false);
}

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
  std::string time;
  if (last)
    time = durationText(spent);
  else if (done > before)
    time = durationText(spent / double(done - before) * double(total - done)) + " left";
  std::vector<std::string> parts = {escapeControls(fmt::format("[{}] {}/{}", label, done, total))};
  std::string rest = escapeControls(note);
  for (size_t end; (end = rest.find("  ")) != rest.npos; rest = rest.substr(end + 2))
    parts.push_back(rest.substr(0, end));
  parts.insert(parts.end(), {rest, time});
  writeLine(fitLine(parts, columns()), terminal && !last);
}

void say(const std::string &label, const std::string &text) {
  writeLine(escapeControls(fmt::format("[{}] {}", label, text)), /*leaveOpen=*/false);
}

void announce(const std::string &label, const std::string &text) {
  bool terminal = isatty(STDERR_FILENO);
  writeLine(fitLine({escapeControls(fmt::format("[{}] {}", label, text))}, columns()), terminal);
}

void endProgressLine() {
  if (lineIsOpen)
    std::fputc('\n', stderr);
  lineIsOpen = false;
}

} // namespace xlstm
