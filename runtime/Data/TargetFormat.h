//===- TargetFormat.h - targets.json --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_TARGETFORMAT_H
#define XLSTM_RUNTIME_DATA_INTERNAL_TARGETFORMAT_H

#include "xlstm/Runtime/Data/TargetStore.h"

namespace xlstm {

std::string textOf(const TargetFormat &format);
/// Says whose store a shard is of.
std::string storeHash(const TargetFormat &format);
/// Throws Error that names the first thing in which a store is another one.
void checkFormat(const TargetFormat &found, const TargetFormat &expected, const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_TARGETFORMAT_H
