//===- PassOptions.td - options that state their default ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_PASSOPTIONS_TD
#define XLSTM_TRANSFORMS_PASSOPTIONS_TD

include "mlir/Pass/PassBase.td"

// An option whose default stands in --help and in the generated pages, too.
class ValueOption<string var, string arg, string type, string default, string desc>
  : Option<var, arg, type, default, desc # " (default " # default # ")">;

// One value of an enum option: its C++ case and its spelling, which is what --help shows.
class EnumCase<string symbol, string spelling, string desc> {
  string cppCase = symbol;
  string text = spelling;
  string clValue = "clEnumValN(" # symbol # ", \"" # spelling # "\", \"" # desc # "\")";
}

// The first case is the default.
class EnumOption<string var, string arg, string type, list<EnumCase> cases, string desc>
  : Option<var, arg, type, cases[0].cppCase,
           desc # ": " # !interleave(!foreach(c, cases, c.text), ", ") # " (default " # cases[0].text # ")",
           "::llvm::cl::values(" # !interleave(!foreach(c, cases, c.clValue), ", ") # ")">;

#endif // XLSTM_TRANSFORMS_PASSOPTIONS_TD
