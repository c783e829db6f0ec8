//===- HubHint.h - a model's name on the Hugging Face Hub given as a path -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_HUBHINT_H
#define XLSTM_SUPPORT_HUBHINT_H

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>

namespace xlstm {

inline bool isHubWord(const std::string &word) {
  return !word.empty() && word.size() <= 96 && std::isalnum(static_cast<unsigned char>(word[0])) &&
         std::all_of(word.begin(), word.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

/// "org/name" of an address of the Hub; other text as it is.
inline std::string withoutHubHost(const std::string &path) {
  for (const char *host : {"https://huggingface.co/", "https:/huggingface.co/", "huggingface.co/", "hf://", "hf:/"})
    if (path.starts_with(host))
      return path.substr(std::string(host).size());
  return path;
}

/// What to add to "found nothing" when `path` reads like a model of the Hub, "org/name" or its address: how to get it.
/// Nothing for other paths, and where there is a folder of the organisation's name.
inline std::string hubHint(const std::string &path) {
  std::string id = withoutHubHost(path);
  if (id.ends_with('/'))
    id.pop_back();
  size_t slash = id.find('/');
  if (slash == std::string::npos || !isHubWord(id.substr(0, slash)) || !isHubWord(id.substr(slash + 1)))
    return "";
  std::string organisation = id.substr(0, slash), name = id.substr(slash + 1);
  std::error_code error;
  if (id == path && std::filesystem::exists(organisation, error))
    return "";
  for (const char *ending : {".onnx", ".gguf", ".mlir", ".yaml", ".yml", ".json", ".safetensors"})
    if (name.ends_with(ending))
      return "";
  return "; a model of the Hugging Face Hub is downloaded first: hf download " + id + " --local-dir " + name +
         " (hf comes with 'pip install huggingface_hub'), then give the folder " + name;
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_HUBHINT_H
