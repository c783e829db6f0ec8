//===- LineReader.h - lines from a person or a pipe -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_CHAT_LINEREADER_H
#define RUNTIME_CHAT_LINEREADER_H

#include <memory>
#include <optional>
#include <string>

namespace xlstm {

/// Standard input, a line after the other: with editing and a history where a person sits at a terminal.
class LineReader {
public:
  static std::unique_ptr<LineReader> open();
  virtual ~LineReader() = default;

  /// Whether somebody types.
  virtual bool isInteractive() const = 0;
  /// The next line without its line break, behind a prompt for a person; nothing at the end. ^C drops a line.
  virtual std::optional<std::string> next() = 0;
};

} // namespace xlstm

#endif // RUNTIME_CHAT_LINEREADER_H
