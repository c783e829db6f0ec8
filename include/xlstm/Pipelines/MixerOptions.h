//===- MixerOptions.h - the options of a student's mixer, as data ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_PIPELINES_MIXEROPTIONS_H
#define XLSTM_PIPELINES_MIXEROPTIONS_H

#include <string>
#include <vector>

namespace xlstm {

/// An option of #xlstm.mixer, for who reads them from a command line or a file without knowing what there is.
struct MixerOption {
  enum class Kind { Count, Number, Choice };
  Kind kind;
  std::string name; // "forget_gate_bias"
  std::string defaultText, meaning;
  std::vector<std::string> choices; // of a Choice

  /// The option as the passes and the command line call it, "forget-gate-bias".
  std::string flag() const;
};

/// In the order of the attribute.
const std::vector<MixerOption> &mixerOptions();

/// Why the attribute does not take this count or choice; empty when it does.
std::string mixerOptionError(const MixerOption &option, const std::string &value);

} // namespace xlstm

#endif // XLSTM_PIPELINES_MIXEROPTIONS_H
