//===- AdapterFolder.h - a folder of peft, given as a model ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_ADAPTERFOLDER_H
#define XLSTM_RUNTIME_FILES_ADAPTERFOLDER_H

#include <filesystem>
#include <string>

namespace xlstm {

/// Whether a folder has what peft saves (adapter_config.json) and no model beside it.
bool isAdapterAlone(const std::filesystem::path &folder);

/// What such a folder is and how a model is made of it, to stand behind the folder's name.
std::string describeAdapter(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_ADAPTERFOLDER_H
