//===- Manifest.cpp - bundle.json -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/Manifest.h"

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

using namespace xlstm;
namespace fs = std::filesystem;

static constexpr int dialectVersion = 1;
static constexpr const char *dialects[] = {"lm", "xlstm"};

/// Refuses a version that is missing, below 1 or newer than `known`.
static void checkVersion(const std::string &manifest, const std::string &what, const Json &parent, int known) {
  auto found = parent.find(what);
  if (found == parent.end() || !found->is_number_integer() || found->get<int64_t>() < 1)
    fail(manifest, ": expected the version of '", what, "', a number from 1, found ",
         found == parent.end() ? "nothing" : quote(found->dump()));
  if (found->get<int64_t>() > known)
    fail(manifest, ": version ", found->dump(), " of '", what, "' was written by a newer xlstm, this one knows up to ",
         known);
}

/// The hash of what the manifest says; "hash" itself is not in `root`.
static std::string hashOfManifest(const Json &root) {
  std::string text = root.dump(-1, ' ', false, Json::error_handler_t::replace);
  return hexDigits(hashOf(std::as_bytes(std::span(text))));
}

static Manifest::Entry readEntry(const std::string &manifest, const std::string &name, const Json &entry) {
  bool isPlain = !name.empty() && name != ".." && name != "." && name.find('/') == name.npos;
  if (!isPlain || !entry.is_object() || !entry.contains("bytes") || !entry["bytes"].is_number_unsigned() ||
      !entry.contains("xxh128") || !entry["xxh128"].is_string())
    fail(manifest, ": files: ", quotePath(name), ": expected the name of a file with its 'bytes' and 'xxh128', found ",
         quote(entry.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return {entry["bytes"].get<uint64_t>(), entry["xxh128"].get<std::string>()};
}

static Json writeLineage(const Lineage &lineage) {
  Json json = {{"teacher", lineage.teacher},
               {"start", lineage.start},
               {"stage", lineage.stage},
               {"seed", lineage.seed},
               {"data", lineage.data}};
  if (!lineage.merge.empty())
    json["merge"] = lineage.merge;
  return json;
}

static Lineage readLineage(const std::string &manifest, const Json &json) {
  try {
    return {json.at("teacher"), json.at("start"),
            json.at("stage"),   json.at("seed"),
            json.at("data"),    json.value("merge", std::map<std::string, std::string>())};
  } catch (const Json::exception &error) {
    fail(manifest, ": lineage: expected teacher, start, stage, seed and data, found ",
         quote(json.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }
}

Manifest Manifest::read(const fs::path &folder) {
  std::string name = (folder / manifestName).string();
  Json root = readJsonFile(name);
  if (!root.is_object())
    fail(name, ": expected an object, found ", root.type_name());
  checkVersion(name, "format", root, bundleFormatVersion);
  auto versions = root.find("dialects");
  if (versions == root.end() || !versions->is_object())
    fail(name, ": expected an object 'dialects' of versions");
  for (const char *dialect : dialects)
    checkVersion(name, dialect, *versions, dialectVersion);
  auto kind = root.find("kind");
  if (kind == root.end() || (*kind != "teacher" && *kind != "student"))
    fail(name, ": expected 'kind' to be 'teacher' or 'student', found ",
         kind == root.end() ? "nothing" : quote(kind->dump()));
  Manifest manifest;
  manifest.kind = kind->get<std::string>();
  if (auto source = root.find("source"); source != root.end() && source->is_string())
    manifest.source = source->get<std::string>();
  if (auto lineage = root.find("lineage"); lineage != root.end())
    manifest.lineage = readLineage(name, *lineage);
  manifest.isRecorded = root["format"].get<int64_t>() >= 2;
  if (!manifest.isRecorded)
    return manifest;
  Json hash = root.value("hash", Json()), files = root.value("files", Json());
  root.erase("hash");
  if (hash != hashOfManifest(root) || !files.is_object())
    fail(name, ": expected the content that its own 'hash' was made of, found other: it is damaged or was changed");
  for (const auto &[file, entry] : files.items())
    manifest.files.emplace(file, readEntry(name, file, entry));
  return manifest;
}

void Manifest::write(const fs::path &folder) {
  isRecorded = true;
  files.clear();
  for (const fs::directory_entry &entry : fs::directory_iterator(folder))
    if (std::string name = entry.path().filename().string(); name != manifestName && entry.is_regular_file()) {
      MeasuredFile measured = measureFile(folder, name);
      files[name] = {measured.bytes, hexDigits(measured.hash)};
    }
  Json root{{"format", bundleFormatVersion}, {"dialects", Json::object()}, {"kind", kind}, {"source", source}};
  for (const char *dialect : dialects)
    root["dialects"][dialect] = dialectVersion;
  if (lineage)
    root["lineage"] = writeLineage(*lineage);
  root["files"] = Json::object();
  for (const auto &[name, entry] : files)
    root["files"][name] = {{"bytes", entry.bytes}, {"xxh128", entry.hash}};
  // What is read back is what was written: a source that is no UTF-8 is written as it will be read.
  root = parseJson(root.dump(-1, ' ', false, Json::error_handler_t::replace), manifestName);
  root["hash"] = hashOfManifest(root);
  writeTextFile(folder / manifestName, root.dump(2) + "\n");
}

void Manifest::check(const fs::path &folder, bool withTensors) const {
  for (const auto &[name, entry] : files) {
    auto file = MappedFile::findInside(folder, name);
    const std::string path = (folder / name).string();
    if (!file)
      fail(path, ": expected this file of the bundle, found nothing");
    if (file->bytes().size() != entry.bytes)
      fail(path, ": expected ", entry.bytes, " bytes as bundle.json records, found ", file->bytes().size());
    if (fs::path(name).extension() == ".safetensors" && !withTensors)
      continue;
    if (std::string found = hexDigits(measureFile(folder, name).hash); found != entry.hash)
      fail(path, ": expected the content that bundle.json records (xxh128 ", entry.hash, "), found ", found,
           ": it is damaged or was changed (after a change that is meant: xlstm verify --record ", folder.string(),
           ")");
  }
}
