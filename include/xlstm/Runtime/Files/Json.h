//===- Json.h - strict JSON with located errors ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_JSON_H
#define XLSTM_RUNTIME_FILES_JSON_H

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

namespace xlstm {

/// Objects keep the order of the file.
using Json = nlohmann::ordered_json;

/// Parses strict JSON: UTF-8, no duplicate key, no number that overflows, nesting of at most 64. Errors name `origin`,
/// line and column.
Json parseJson(std::string_view text, const std::string &origin);
/// The JSON of a file that its folder carries: as MappedFile::openInside, a link that leaves the folder is refused.
Json readJsonFile(const std::filesystem::path &path);
/// The same; null where nothing has that name.
Json findJsonFile(const std::filesystem::path &path);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_JSON_H
