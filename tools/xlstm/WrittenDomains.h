//===- WrittenDomains.h - the corpora of a recipe that is written ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_WRITTENDOMAINS_H
#define XLSTM_TOOLS_XLSTM_WRITTENDOMAINS_H

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// A domain of `xlstm recipe`: what stands behind its keys, as YAML.
struct WrittenDomain {
  std::string name, train, valid, test;     // valid, test: empty where nothing is given
  std::vector<std::filesystem::path> files; // of train
};

/// In quotes, as YAML reads it back.
std::string quotedPath(const std::filesystem::path &path);

/// The arguments of --data, --valid and --test: FILES or NAME=FILES; of the latter two also a share such as 2%, without
/// a name for all domains. Throws Error where they do not fit each other.
std::vector<WrittenDomain> writtenDomains(const std::vector<std::string> &data, const std::vector<std::string> &valid,
                                          const std::vector<std::string> &test);

/// Shares for the domains without `valid`: the least of some that hold out `bytes` of text, the same of all of them and
/// of their tests, where no domain has a test. Throws Error where one has too few documents.
void chooseShares(std::vector<WrittenDomain> &domains, uint64_t bytes);

/// What stands under the recipe's 'domains'.
std::string domainsText(const std::vector<WrittenDomain> &domains);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_WRITTENDOMAINS_H
