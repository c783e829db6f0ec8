//===- Format.h - Python's two ways to format a string --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_JINJA_FORMAT_H
#define XLSTM_RUNTIME_TEXT_JINJA_FORMAT_H

#include "runtime/Text/Jinja/Interpreter.h"

namespace xlstm::jinja {

/// text % value: a tuple's values one after the other, a dict's by name, another value alone. Throws Problem.
std::string percentFormat(const std::string &text, const Value &value, Budget &budget);

/// text.format(...), with attributes, items, conversions and format specifications of strings and numbers. Throws
/// Problem.
std::string braceFormat(Interpreter &interpreter, const std::string &text, const Arguments &arguments);

/// `text` with blanks (or another character, or zeros behind the sign) around it, `width` characters wide at least.
std::string padded(const std::string &text, int64_t width, char align, std::string_view fill, Budget &budget);

} // namespace xlstm::jinja

#endif // XLSTM_RUNTIME_TEXT_JINJA_FORMAT_H
