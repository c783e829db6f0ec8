//===- Bundle.cpp - a model folder: IR, weights, tokenizer ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Bundle.h"

#include "runtime/Files/Manifest.h"
#include "xlstm/Runtime/Files/AdapterFolder.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/ForgetPages.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/HubHint.h"

using namespace xlstm;
namespace fs = std::filesystem;

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
  if (isAdapterAlone(path))
    return describeAdapter(path);
  return "another folder" + (fs::exists(path / "config.json", error) ? import : "");
}

bool Bundle::hasTokenizer() const { return bool(MappedFile::findInside(folder, tokenizerFile().filename())); }

Bundle Bundle::open(const fs::path &folder, BundleCheck check) {
  if (!isBundle(folder))
    fail(folder.string(), ": expected a bundle (a folder with ", manifestName, "), found ", whatElse(folder));
  Manifest manifest = Manifest::read(folder);
  Bundle bundle;
  bundle.folder = folder;
  bundle.kind = manifest.kind;
  bundle.source = manifest.source;
  bundle.lineage = manifest.lineage;
  bundle.isRecorded = manifest.isRecorded;
  if (!MappedFile::findInside(folder, bundle.modelFile().filename()))
    fail(bundle.modelFile().string(), ": expected the bundle's IR, found no such file");
  manifest.check(folder, check == BundleCheck::All);
  bundle.weights = WeightFiles::open(folder);
  checkLinkedFiles(bundle.weights, folder / manifestName);
  return bundle;
}

void xlstm::writeBundleManifest(const fs::path &folder, const std::string &kind, const std::string &source,
                                const std::optional<Lineage> &lineage) {
  Manifest manifest;
  manifest.kind = kind;
  manifest.source = source;
  manifest.lineage = lineage;
  manifest.write(folder);
}

std::string xlstm::hashOfTensors(const WeightFiles &weights) {
  Hasher hasher;
  for (const auto &[name, tensor] : weights.tensors()) {
    std::string head = name + " " + describe(tensor.spec) + "\n";
    hasher.add(std::as_bytes(std::span(head)));
    constexpr size_t piece = size_t{1} << 24; // what is read is given back: models are larger than memory
    for (size_t at = 0; at < tensor.bytes.size(); at += piece) {
      std::span<const std::byte> part = tensor.bytes.subspan(at, std::min(piece, tensor.bytes.size() - at));
      hasher.add(part);
      forgetPages(part);
    }
  }
  return hexDigits(hasher.value());
}

void xlstm::recordBundle(const fs::path &folder) {
  Manifest manifest = Manifest::read(folder);
  WeightFiles::open(folder);
  manifest.write(folder);
}

void xlstm::checkBundleOutput(const fs::path &folder, const std::vector<fs::path> &inputs) {
  checkOutput(folder, OutputKind::Folder, inputs);
  std::error_code error;
  if (!fs::exists(folder, error) || Bundle::isBundle(folder) ||
      (fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    return;
  fail(folder.string(), ": cannot write a bundle here: what is there is not a bundle and would be lost");
}

static constexpr const char *carriedNames[] = {"config.json",
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

std::span<const char *const> xlstm::carriedFiles() { return carriedNames; }

void xlstm::carryModelFiles(const fs::path &from, const fs::path &to) {
  for (const char *name : carriedNames)
    if (auto file = MappedFile::findInside(from, name))
      writeTextFile(to / name, file->text());
}

void xlstm::copyBundle(const fs::path &from, const fs::path &to) {
  Bundle bundle = Bundle::open(from);
  AtomicDirectory copy(to);
  carryModelFiles(from, copy.path());
  writeTextFile(copy.path() / "model.mlir", readTextFile(bundle.modelFile()));
  bundle.weights.copyTo(copy.path(), /*link=*/false);
  writeBundleManifest(copy.path(), bundle.kind, bundle.source, bundle.lineage);
  copy.commit();
}
