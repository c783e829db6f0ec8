//===- Verify.cpp - xlstm verify: is it whole, and as it was written? -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "ModelKind.h"

#include "xlstm/Import/Gguf.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Payload.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

/// What is worth knowing and no fault.
using Notes = std::vector<std::string>;

/// What `look` throws becomes a note.
template <typename Look>
static void noteErrors(Notes &notes, const Look &look) {
  try {
    look();
  } catch (const Error &error) {
    notes.push_back(error.what());
  }
}

static void verifyTokenizer(const fs::path &folder) {
  if (MappedFile::findInside(folder, "tokenizer.json"))
    Tokenizer::load(folder / "tokenizer.json");
  findChatTemplate(folder);
}

static void verifyBundle(const fs::path &folder, Notes &notes) {
  Bundle bundle = Bundle::open(folder);
  if (!bundle.isRecorded)
    notes.push_back(folder.string() + ": was written before hashes were recorded: damage inside its weights is not "
                                      "seen (xlstm verify --record takes its files as they are)");
  Program program = Program::load(bundle.modelFile());
  for (const ParamSpec &param : program.function("model").params) {
    const StoredTensor &stored = bundle.weights.get(param.tensor.name);
    if (describe(stored.spec) != describe(param.tensor))
      fail(stored.file->path().string(), ": tensor ", quote(param.tensor.name), ": expected ", describe(param.tensor),
           " as the IR says, found ", describe(stored.spec));
  }
  verifyTokenizer(folder);
  noteErrors(notes, [&] { checkFinite(bundle.weights); });
}

/// The index lists what the shards hold; what it says of their size is true.
static void verifyHuggingFace(const fs::path &folder, Notes &notes) {
  WeightFiles weights = WeightFiles::open(folder);
  uint64_t bytes = 0;
  for (const auto &[name, tensor] : weights.tensors())
    bytes += tensor.bytes.size();
  if (!MappedFile::findInside(folder, "model.safetensors")) {
    fs::path file = folder / "model.safetensors.index.json";
    Json index = readJsonFile(file), metadata = index.value("metadata", Json()),
         total = metadata.is_object() ? metadata.value("total_size", Json()) : Json();
    if (total.is_number() && total.get<double>() != double(bytes))
      fail(file.string(), ": metadata.total_size: expected the ", bytes, " bytes of its tensors, found ", total.dump());
  }
  noteErrors(notes, [&] { huggingFaceModule(folder); });
  noteErrors(notes, [&] { verifyTokenizer(folder); });
  noteErrors(notes, [&] { checkFinite(weights); });
}

static void verifySafetensors(const fs::path &file, Notes &notes) {
  SafetensorsFile stored = SafetensorsFile::open(file);
  for (const auto &[name, tensor] : stored.tensors())
    noteErrors(notes, [&] { checkFinite(file.string(), tensor.spec, tensor.bytes); });
}

static void verifyExecutable(const fs::path &file, Notes &notes) {
  std::optional<Payload> payload = Payload::find(MappedFile::open(file), file.string());
  payload->checkAll();
  if (!payload->isRecorded())
    notes.push_back(file.string() + ": was compiled before the program's hash was recorded: damage of it is not seen");
}

static void verify(const fs::path &path, Notes &notes);

/// Every bundle, checkpoint, store and executable of a run, each with its verdict.
static void verifyRun(const fs::path &run, Notes &notes) {
  std::vector<fs::path> parts;
  for (auto at = fs::recursive_directory_iterator(run); at != fs::recursive_directory_iterator(); ++at) {
    const fs::path &path = at->path();
    bool isPart = false;
    if (path.filename().string().starts_with("."))
      at.disable_recursion_pending(); // stamps, and what is under a temporary name
    else if (at->is_directory())
      isPart = kindOf(path) != ModelKind::HuggingFace;
    else if (at->is_regular_file() && at.depth() == 0)
      isPart = path.extension().empty() && Payload::find(MappedFile::open(path), path.string());
    if (isPart) {
      parts.push_back(path);
      at.disable_recursion_pending();
    }
  }
  std::ranges::sort(parts);
  size_t wrong = 0;
  for (const fs::path &part : parts) {
    std::string verdict = "ok";
    try {
      verify(part, notes);
    } catch (const Error &error) {
      verdict = error.what();
      ++wrong;
    }
    writeOut(escapeControls(fs::relative(part, run).string() + ": " + verdict) + "\n");
  }
  if (wrong)
    fail(run.string(), ": ", wrong, " of ", parts.size(), " parts are damaged");
}

static void verify(const fs::path &path, Notes &notes) {
  switch (kindOf(path)) {
  case ModelKind::Bundle:
    return verifyBundle(path, notes);
  case ModelKind::Run:
    return verifyRun(path, notes);
  case ModelKind::Checkpoint:
    readCheckpoint(path);
    return;
  case ModelKind::Targets:
    for (const auto &[shard, problem] : TargetStore::damagedShards(path))
      fail(problem);
    return;
  case ModelKind::HuggingFace:
    return verifyHuggingFace(path, notes);
  case ModelKind::Safetensors:
    return verifySafetensors(path, notes);
  case ModelKind::Tokenizer:
    Tokenizer::parse(readGivenFile(path), path.string());
    return;
  case ModelKind::Onnx:
    OnnxModel::open(path);
    return;
  case ModelKind::Gguf:
    GgufFile::open(path);
    noteErrors(notes, [&] { readGgufTeacher(path); });
    return;
  case ModelKind::Module:
    describeModel(readGivenFile(path), path.string());
    return;
  case ModelKind::Executable:
    return verifyExecutable(path, notes);
  }
}

void addVerifyCommand(CLI::App &app) {
  struct Settings {
    fs::path path;
    bool record = false;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("verify", "Check that something is whole and as it was written");
  verb->add_option(
          "path", settings->path,
          "Bundle, run, checkpoint, target store, executable, Hugging Face folder, .safetensors, .gguf, .onnx, "
          ".mlir or tokenizer.json")
      ->required();
  verb->add_flag("--record", settings->record, "Of a bundle, first record the hashes of its files as they are now");
  verb->callback([settings] {
    try {
      if (settings->record)
        recordBundle(settings->path);
      Notes notes;
      verify(settings->path, notes);
      for (const std::string &note : notes)
        writeOut("note: " + escapeControls(note) + "\n");
      writeOut("ok\n");
    } catch (const fs::filesystem_error &error) {
      fail(error.path1().string(), ": ", error.code().message());
    }
  });
}

} // namespace xlstm
