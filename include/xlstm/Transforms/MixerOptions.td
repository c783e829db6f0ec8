//===- MixerOptions.td - options that say which mixer a student gets ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_MIXEROPTIONS_TD
#define XLSTM_TRANSFORMS_MIXEROPTIONS_TD

include "dialects/XLSTM/XLSTMMixerAttr.td"
include "xlstm/Transforms/PassOptions.td"

// An option of #xlstm.mixer as one of a pass.
class MixerOption<XLSTM_MixerOption o>
  : Option<o.var, o.flag, o.passType, o.passDefault,
           o.help # !if(!empty(o.choices), "", ": " # !interleave(!foreach(c, o.choices, c.text), ", "))
             # " (default " # !if(!empty(o.choices), o.passDefault, o.choices[0].text) # ")",
           !if(!empty(o.choices), "", "::llvm::cl::values(" # !interleave(!foreach(c, o.choices,
             "clEnumValN(" # c.cpp # ", \"" # c.text # "\", \"" # c.help # "\")"), ", ") # ")")>;

// Linearize, BuildAlign and StudentPipeline have the options of #xlstm.mixer, and those that say which layers get it.
defvar MixerOptions = !foreach(o, XLSTM_MixerOptions, MixerOption<o>) # [
  ListOption<"layers", "layers", "int64_t", "Indices of the layers to convert (default all with full attention)">,
  ValueOption<"convertSliding", "convert-sliding", "bool", "false",
              "Convert also layers whose attention has a window of its own">,
  Option<"keepHeads", "keep-heads", "std::string", "\"none\"",
         "Query heads that stay attention, by layer, such as 5:2,3;7:0, or a file of xlstm heads (default none)">
];

#endif // XLSTM_TRANSFORMS_MIXEROPTIONS_TD
