//===- Bundle.cpp - a model folder: IR, weights, tokenizer ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Bundle.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/HubHint.h"
#include "xlstm/Support/Quote.h"

using namespace xlstm;
namespace fs = std::filesystem;

static constexpr const char *manifestName = "bundle.json";
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

bool Bundle::isBundle(const fs::path &folder) {
  std::error_code error;
  return fs::is_regular_file(folder / manifestName, error);
}

/// Weights that share their blocks with a teacher's file (xlstm import --link) change when that is written in place;
/// such a file is younger than the manifest, which is written last.
static void checkLinkedFiles(const WeightFiles &weights, const fs::path &manifest) {
  std::error_code error;
  for (const auto &[name, tensor] : weights.tensors()) {
    const fs::path &file = tensor.file->path();
    if (fs::hard_link_count(file, error) > 1 &&
        fs::last_write_time(file, error) > fs::last_write_time(manifest, error) && !error)
      fail(file.string(), ": expected the weights as imported, found that the file, which has a second name outside of "
                          "the bundle, was written since; import the teacher again");
  }
}

/// What is there instead of a bundle, and how to get one from it.
static std::string whatElse(const fs::path &path) {
  std::error_code error;
  std::string import = "; make a bundle of it: xlstm import " + path.string() + " -o FOLDER";
  if (!fs::exists(path, error))
    return "nothing" + hubHint(path.string());
  if (!fs::is_directory(path, error))
    return "a file" + (path.extension() == ".onnx" || path.extension() == ".gguf" ? import : "");
  if (fs::is_directory(path / ".stages", error))
    return "a run's folder; its bundles are folders in it, such as " + (path / "merged").string();
  return "another folder" + (fs::exists(path / "config.json", error) ? import : "");
}

bool Bundle::hasTokenizer() const {
  std::error_code error;
  return fs::is_regular_file(tokenizerFile(), error);
}

Bundle Bundle::open(const fs::path &folder) {
  std::error_code error;
  if (!isBundle(folder))
    fail(folder.string(), ": expected a bundle (a folder with ", manifestName, "), found ", whatElse(folder));
  std::string manifest = (folder / manifestName).string();
  Json root = readJsonFile(manifest);
  if (!root.is_object())
    fail(manifest, ": expected an object, found ", root.type_name());
  checkVersion(manifest, "format", root, bundleFormatVersion);
  auto versions = root.find("dialects");
  if (versions == root.end() || !versions->is_object())
    fail(manifest, ": expected an object 'dialects' of versions");
  for (const char *dialect : dialects)
    checkVersion(manifest, dialect, *versions, dialectVersion);
  auto kind = root.find("kind");
  if (kind == root.end() || (*kind != "teacher" && *kind != "student"))
    fail(manifest, ": expected 'kind' to be 'teacher' or 'student', found ",
         kind == root.end() ? "nothing" : quote(kind->dump()));
  Bundle bundle;
  bundle.folder = folder;
  bundle.kind = kind->get<std::string>();
  if (!fs::is_regular_file(bundle.modelFile(), error))
    fail(bundle.modelFile().string(), ": expected the bundle's IR, found no such file");
  bundle.weights = WeightFiles::open(folder);
  checkLinkedFiles(bundle.weights, manifest);
  return bundle;
}

void xlstm::writeBundleManifest(const fs::path &folder, const std::string &kind, const std::string &source) {
  Json root{{"format", bundleFormatVersion}, {"dialects", Json::object()}, {"kind", kind}, {"source", source}};
  for (const char *dialect : dialects)
    root["dialects"][dialect] = dialectVersion;
  writeTextFile(folder / manifestName, root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void xlstm::checkBundleOutput(const fs::path &folder, const std::vector<fs::path> &inputs) {
  checkOutput(folder, OutputKind::Folder, inputs);
  std::error_code error;
  if (!fs::exists(folder, error) || Bundle::isBundle(folder) ||
      (fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    return;
  fail(folder.string(), ": cannot write a bundle here: what is there is not a bundle and would be lost");
}

void xlstm::carryModelFiles(const fs::path &from, const fs::path &to) {
  constexpr const char *names[] = {"config.json",
                                   "generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer.model",
                                   "tokenizer_config.json",
                                   "special_tokens_map.json",
                                   "added_tokens.json",
                                   "vocab.json",
                                   "merges.txt",
                                   "chat_template.jinja",
                                   "chat_template.json",
                                   "LICENSE"};
  std::error_code error;
  for (const char *name : names)
    if (fs::is_regular_file(from / name, error))
      writeTextFile(to / name, readTextFile(from / name));
}
