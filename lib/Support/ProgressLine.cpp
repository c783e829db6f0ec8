//===- ProgressLine.cpp - progress in as many columns as there are --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Support/ProgressLine.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace xlstm {

std::string durationText(double seconds) {
  auto whole = static_cast<long long>(seconds + 0.5);
  if (whole < 120)
    return fmt::format("{} s", whole);
  long long minutes = (whole + 30) / 60;
  return minutes < 120 ? fmt::format("{} min", minutes) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

static bool isContinuation(char c) { return (c & 0xC0) == 0x80; } // of a character in UTF-8

static size_t columnsOf(const std::string &text) {
  size_t columns = 0;
  for (char c : text)
    columns += !isContinuation(c);
  return columns;
}

static std::string joined(const std::vector<std::string> &parts, const char *space) {
  std::string line;
  for (const std::string &part : parts)
    if (!part.empty())
      line += (line.empty() ? "" : space) + part;
  return line;
}

std::string fitLine(const std::vector<std::string> &parts, size_t width) {
  std::string line = joined(parts, "  ");
  std::vector<std::string> left = parts;
  if (width && columnsOf(line) > width)
    line = joined(left, " ");
  while (width && columnsOf(line) > width && left.size() > 2) {
    left.erase(left.end() - 2);
    line = joined(left, " ");
  }
  while (width && columnsOf(line) > width) {
    while (isContinuation(line.back()))
      line.pop_back();
    line.pop_back();
  }
  return line;
}

size_t terminalWidth() {
  winsize size = {};
  return isatty(STDERR_FILENO) && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

} // namespace xlstm
