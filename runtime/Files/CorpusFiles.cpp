//===- CorpusFiles.cpp - the files that a path or a pattern means ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"

#include <algorithm>
#include <cmath>
#include <glob.h>
#include <optional>
#include <string_view>

namespace fs = std::filesystem;

/// "2%", "0.5%": digits that a share such as 1 - 0.02 does not have are not shown.
static std::string percent(double share) { return xlstm::shortest(std::round(share * 1e8) / 1e6) + "%"; }

static bool isHidden(const fs::path &path) { return path.filename().string().starts_with('.'); }

static std::vector<fs::path> filesBelow(const fs::path &folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() > 64)
      xlstm::fail(folder.string(), ": expected folders at most 64 deep, found ", at->path().string());
    std::error_code ignored;
    if (isHidden(at->path()) && at->is_directory(ignored))
      at.disable_recursion_pending();
    else if (!isHidden(at->path()) && xlstm::isCorpusName(at->path()) && at->is_regular_file(ignored))
      files.push_back(at->path());
  }
  if (error)
    xlstm::fail(folder.string(), ": cannot list the folder: ", error.message());
  if (files.empty())
    xlstm::fail(folder.string(), ": expected .txt or .jsonl files in the folder, also compressed, .parquet or shards of tokens, found none");
  return files;
}

static std::vector<fs::path> filesThatMatch(const fs::path &pattern) {
  std::vector<fs::path> files;
  ::glob_t found;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (size_t n = 0; n < found.gl_pathc; ++n)
      files.emplace_back(found.gl_pathv[n]);
  ::globfree(&found);
  if (files.empty())
    xlstm::fail("expected files that match ", pattern.string(), ", found none");
  return files;
}

std::string xlstm::nameOf(const CorpusFiles &files) {
  std::string name = files.paths.empty() ? "no file" : files.paths.front().string();
  if (files.paths.size() > 1)
    name += " and " + std::to_string(files.paths.size() - 1) + " more";
  return files.part.isWhole() ? name : name + " (" + percent(files.part.size()) + " of its documents)";
}

/// "2-98%"
static std::optional<xlstm::DocumentPart> partOf(std::string_view text) {
  size_t between = text.find('-');
  if (between == text.npos || !text.ends_with('%'))
    return std::nullopt;
  auto begin = xlstm::toNumber<double>(text.substr(0, between)),
       end = xlstm::toNumber<double>(text.substr(between + 1, text.size() - between - 2));
  if (!begin || !end)
    return std::nullopt;
  if (!(*begin >= 0 && *begin < *end && *end <= 100))
    xlstm::fail(std::string(text), ": expected a part of all documents such as 2-98%");
  return xlstm::DocumentPart{*begin / 100, *end / 100};
}

xlstm::CorpusFiles xlstm::findCorpus(const std::string &text) {
  size_t at = text.rfind('@');
  std::error_code error;
  if (at != text.npos && !fs::exists(text, error))
    if (auto part = partOf(std::string_view(text).substr(at + 1)))
      return {findCorpusFiles(text.substr(0, at)), *part};
  return findCorpusFiles(text);
}

std::vector<fs::path> xlstm::findCorpusFiles(const fs::path &path) {
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_directory(path, error))
    files = filesBelow(path);
  else if (!fs::exists(path, error) && path.string().find_first_of("*?[") != std::string::npos)
    files = filesThatMatch(path);
  else
    files = {path};
  std::sort(files.begin(), files.end());
  return files;
}
