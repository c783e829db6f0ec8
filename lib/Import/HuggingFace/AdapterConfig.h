//===- AdapterConfig.h - adapter_config.json of peft ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_ADAPTERCONFIG_H
#define LIB_IMPORT_HUGGINGFACE_ADAPTERCONFIG_H

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace xlstm {

/// How the products of a LoRA are scaled, as peft writes it.
struct AdapterConfig {
  std::string file;
  double alpha = 0;
  int64_t rank = 0;
  bool isRankStabilised = false;
  /// Expressions for the ends of module names, and what replaces alpha or rank in these.
  std::map<std::string, double> alphas;
  std::map<std::string, int64_t> ranks;
  /// What is read, but not followed; one line each.
  std::vector<std::string> warnings;

  /// What B * A of a module is multiplied by: alpha / rank or alpha / sqrt(rank). Throws Error when the file says
  /// another rank than `rows`, those of A.
  double scaleOf(const std::string &module, int64_t rows) const;
};

/// Whether a folder has an adapter_config.json.
bool isAdapter(const std::filesystem::path &folder);

/// Throws Error "FILE: 'KEY': expected ..., found ...": no LoRA, or a kind of one whose sum with its base is another
/// than W + scale * B * A (DoRA, PiSSA and what else begins by changing the base, experts, token indices).
AdapterConfig readAdapterConfig(const std::filesystem::path &file);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_ADAPTERCONFIG_H
