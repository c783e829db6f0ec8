//===- Inspect.cpp - xlstm inspect: a card of whatever it is given --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "ModelCard.h"
#include "ModelKind.h"

#include "xlstm/Import/Gguf.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Pipelines/StateSize.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Payload.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/HubHint.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

/// What config.json says of RoPE: the module has the frequencies that come of it.
static void addRope(Json &card, const fs::path &folder) {
  Json config = findJsonFile(folder / "config.json");
  for (const char *key : {"rope_theta", "rope_scaling", "rope_parameters"})
    if (config.is_object() && config.contains(key) && !config[key].is_null())
      card[key] = config[key];
}

/// The tokenizer files of a folder; of a model whose file says nothing of them.
static void addTokenizer(Json &card, const fs::path &folder) {
  if (auto file = MappedFile::findInside(folder, "tokenizer.json"))
    card["tokenizer"] = tokenizerCard(file->text(), file->path().string());
  card["chat_template"] = findChatTemplate(folder).has_value();
}

/// What a text takes beside the weights.
static void addState(Json &card, std::string_view mlir, const std::string &origin) {
  for (auto [key, bf16] : {std::pair("state", false), {"state_bf16", true}}) {
    StateSize state = stateSize(mlir, origin, bf16);
    card[key] = {{"bytes", state.fixed}, {"bytes_a_token", state.perToken}};
  }
}

static Json inspectBundle(const fs::path &folder) {
  Bundle bundle = Bundle::open(folder, BundleCheck::SmallFiles);
  Json card = {{"format", "bundle"}, {"kind", bundle.kind}};
  card["source"] = bundle.source;
  card["hashes"] = bundle.isRecorded ? "recorded" : "none: written before they were";
  card.update(modelCard(readTextFile(bundle.modelFile()), bundle.modelFile().string()));
  addState(card, readTextFile(bundle.modelFile()), bundle.modelFile().string());
  addRope(card, folder);
  card["weights"] = weightsCard(bundle.weights.tensors());
  addTokenizer(card, folder);
  return card;
}

static Json inspectHuggingFace(const fs::path &folder) {
  Json card = {{"format", "Hugging Face folder"}};
  Json model = modelCard(huggingFaceModule(folder), folder.string()); // says what else a folder may be
  Json config = readJsonFile(folder / "config.json");
  if (auto version = config.find("transformers_version"); version != config.end() && version->is_string())
    card["exporter"] = "transformers " + version->get<std::string>();
  card.update(model);
  addRope(card, folder);
  card["weights"] = weightsCard(WeightFiles::open(folder).tensors());
  addTokenizer(card, folder);
  return card;
}

static Json inspectOnnx(const fs::path &file) {
  fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  OnnxModel model = OnnxModel::open(file);
  Json card = {{"format", "ONNX file"}};
  card.update(modelCard(rewriteModule(model.bytecode(), file.string(), "xlstm-raise-pipeline"), file.string()));
  Json config = findJsonFile(folder / "config.json"); // which knows what the graph does not
  for (auto [key, name] : {std::pair("model_type", "family"), {"max_position_embeddings", "context"}})
    if (config.is_object() && config.contains(key))
      card[name] = config[key];
  addTokenizer(card, folder);
  return card;
}

static Json inspectGguf(const fs::path &file) {
  GgufTeacher teacher = readGgufTeacher(file);
  GgufFile stored = GgufFile::open(file);
  Json card = {{"format", "GGUF file"}};
  card.update(modelCard(teacher.module, file.string()));
  Json types = Json::object();
  uint64_t bytes = 0;
  for (const auto &[name, tensor] : stored.tensors()) {
    addTensor(types, std::string(tensor.type->name), tensor.bytes.size());
    bytes += tensor.bytes.size();
  }
  card["weights"] = {{"bytes", bytes}, {"types", types}};
  if (!teacher.tokenizer.empty())
    card["tokenizer"] = tokenizerCard(teacher.tokenizer, file.string());
  card["chat_template"] = !teacher.chatTemplate.empty();
  return card;
}

static Json inspectSafetensors(const fs::path &file) {
  SafetensorsFile weights = SafetensorsFile::open(file);
  Json card = {{"format", "safetensors file"}};
  card["weights"] = weightsCard(weights.tensors());
  for (const auto &[key, value] : weights.metadata())
    card["metadata"][key] = value;
  return card;
}

/// What xlstm distill left: its stages and bundles.
static Json inspectRun(const fs::path &folder) {
  Json card = {{"format", "run folder"}, {"stages_done", Json::array()}, {"bundles", Json::array()}};
  std::vector<std::pair<fs::file_time_type, std::string>> stages;
  for (const auto &entry : fs::directory_iterator(folder / ".stages"))
    if (!entry.path().has_extension()) // others are no stamps of what is done
      stages.emplace_back(entry.last_write_time(), entry.path().filename().string());
  std::ranges::sort(stages);
  for (const auto &[time, name] : stages)
    card["stages_done"].push_back(name);
  std::vector<fs::path> bundles;
  for (const auto &entry : fs::directory_iterator(folder))
    if (Bundle::isBundle(entry.path()))
      bundles.push_back(entry.path());
  std::ranges::sort(bundles);
  for (const fs::path &bundle : bundles) {
    Json inner = inspectBundle(bundle);
    card["bundles"].push_back({{"name", bundle.filename().string()},
                               {"kind", inner["kind"]},
                               {"source", inner["source"]},
                               {"parameters", inner["parameters"]["total"]}});
  }
  card["results"] = fs::exists(folder / "eval" / "results.json");
  return card;
}

static Json inspectExecutable(const fs::path &path) {
  std::optional<Payload> payload = Payload::find(MappedFile::open(path), path.string());
  Json metadata = parseJson(payload->textOf(section::Metadata), path.string() + ": metadata");
  Json card = {{"format", "compiled executable"}};
  for (const char *key : {"kind", "name"})
    card[key] = metadata.value(key, "");
  for (const char *key : {"target", "cpu", "features", "abi"}) // executables of before lack them
    if (metadata.contains(key))
      card[key] = metadata[key];
  uint64_t weights = payload->bytesOf(section::Weights).size(), total = fs::file_size(path);
  card["bytes"] = {{"program", payload->weightsOffset()}, {"weights", weights}, {"total", total}};
  card["hashes"] = payload->isRecorded() ? "program, weights by MiB, tokenizer" : "weights and tokenizer only";
  if (std::string_view tokenizer = payload->textOf(section::Tokenizer); !tokenizer.empty()) // a shape has none
    card["tokenizer"] = tokenizerCard(tokenizer, path.string() + ": tokenizer");
  card["chat_template"] = metadata.contains("chat");
  return card;
}

static Json inspectModule(const fs::path &path) {
  Json card = {{"format", "module"}};
  std::string mlir = readGivenFile(path);
  card.update(modelCard(mlir, path.string()));
  addState(card, mlir, path.string());
  return card;
}

static Json inspect(const fs::path &path) {
  if (std::error_code error; !fs::exists(path, error))
    fail(path.string(), ": expected a model, found nothing", hubHint(path.string()));
  switch (kindOf(path)) {
  case ModelKind::Bundle:
    return inspectBundle(path);
  case ModelKind::Run:
    return inspectRun(path);
  case ModelKind::Checkpoint:
  case ModelKind::Targets:
    fail(path.string(), ": expected a model, found training's files; xlstm verify checks them",
         kindOf(path) == ModelKind::Targets ? " and xlstm targets inspect describes them" : "");
  case ModelKind::HuggingFace:
    return inspectHuggingFace(path);
  case ModelKind::Safetensors:
    return inspectSafetensors(path);
  case ModelKind::Tokenizer:
    return {{"format", "tokenizer"}, {"tokenizer", tokenizerCard(readGivenFile(path), path.string())}};
  case ModelKind::Onnx:
    return inspectOnnx(path);
  case ModelKind::Gguf:
    return inspectGguf(path);
  case ModelKind::Module:
    return inspectModule(path);
  case ModelKind::Executable:
    break;
  }
  return inspectExecutable(path);
}

void addInspectCommand(CLI::App &app) {
  struct Settings {
    fs::path path;
    bool json = false;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("inspect", "Say what a model, or a part of one, is");
  verb->add_option("path", settings->path,
                   "Hugging Face folder, bundle, run, .onnx, .gguf, .safetensors, tokenizer.json or executable")
      ->required();
  verb->add_flag("--json", settings->json, "Write JSON");
  verb->callback([settings] {
    Json card = {{"path", settings->path.string()}};
    try {
      card.update(inspect(settings->path));
    } catch (const fs::filesystem_error &error) {
      fail(error.path1().string(), ": ", error.code().message());
    }
    // Words of a file; the escapes are those of JSON.
    writeOut(settings->json ? escapeControls(card.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", "\n")
                            : cardText(card));
  });
}

} // namespace xlstm
