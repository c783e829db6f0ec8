//===- Counts.h - numbers of tokens on the command line --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_COUNTS_H
#define RUNTIME_DEPLOY_COUNTS_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace xlstm {

/// Numbers as llama-bench takes them: "512", "128,512", "0-1024+256" or "64-1024*2", each from 0 to 2^30. Throws Error
/// for anything else, and for more than 1000 of them.
std::vector<int64_t> parseCounts(std::string_view text);

} // namespace xlstm

#endif // RUNTIME_DEPLOY_COUNTS_H
