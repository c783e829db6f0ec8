//===- Logits.cpp - xlstm logits: what a bundle computes ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

namespace xlstm {

namespace {

struct LogitsSettings {
  std::filesystem::path bundle, input, output;
  std::string form, device;
  int64_t chunk = 0;
  bool mixerOutputs = false;
};

class MixerOutputs : public EvalObserver {
public:
  std::vector<std::pair<std::string, at::Tensor>> tensors;

  void onMixerOutput(int64_t layer, const at::Tensor &h_BTC) override {
    tensors.emplace_back("attn_out." + std::to_string(layer), h_BTC);
  }
};

} // namespace

/// input_ids of the file, int64 [B, T], every id inside the vocabulary.
static at::Tensor readIds(const std::filesystem::path &file, int64_t vocab) {
  SafetensorsFile input = SafetensorsFile::open(file);
  const StoredTensor &stored = input.get("input_ids");
  if (stored.spec.dtype != DType::I64 || stored.spec.shape.size() != 2 || stored.spec.numElements() == 0)
    fail(file.string(), ": tensor 'input_ids': expected I64 [B, T], found ", describe(stored.spec));
  at::Tensor ids_BT = toTensor(stored);
  const int64_t *ids = ids_BT.data_ptr<int64_t>();
  for (int64_t n = 0; n < ids_BT.numel(); ++n)
    if (ids[n] < 0 || ids[n] >= vocab)
      fail(file.string(), ": tensor 'input_ids': expected ids below ", vocab, ", found ", ids[n], " at index ", n);
  return ids_BT;
}

static EvalOptions evalOptions(const LogitsSettings &settings) {
  EvalOptions options;
  if (settings.form == "parallel")
    options.form = MlstmForm::Parallel;
  if (settings.form == "chunkwise")
    options.form = MlstmForm::Chunkwise;
  if (settings.form == "recurrent")
    options.form = MlstmForm::Recurrent;
  if (settings.chunk)
    options.chunk = settings.chunk;
  return options;
}

static void writeLogits(const LogitsSettings &settings) {
  c10::NoGradGuard noGrad;
  checkOutput(settings.output, OutputKind::File, {settings.bundle, settings.input});
  RunnableModel model = RunnableModel::open(settings.bundle, settings.device);
  at::Tensor ids_BT = readIds(settings.input, model.spec().results.at(0).shape.at(2));
  EvalOptions options = evalOptions(settings);
  MixerOutputs outputs;
  if (settings.mixerOutputs)
    options.observer = &outputs;
  at::Tensor docs_BT = at::zeros(ids_BT.sizes(), at::kInt);
  outputs.tensors.emplace_back("logits", model.forward.run("model", {ids_BT, docs_BT}, model.params, options).at(0));
  saveTensors(settings.output, outputs.tensors);
}

void addLogitsCommand(CLI::App &app) {
  auto settings = std::make_shared<LogitsSettings>();
  CLI::App *verb = app.add_subcommand("logits", "Write the logits of a bundle for given token ids");
  verb->add_option("bundle", settings->bundle, "Bundle of a teacher or a student")->required();
  verb->add_option("--input", settings->input, "Safetensors file with input_ids, int64 [B, T]")->required();
  verb->add_option("-o,--output", settings->output, "Safetensors file to write: logits, float32 [B, T, V]")->required();
  verb->add_option("--form", settings->form, "Form of the mLSTM; default: as the IR says")
      ->check(CLI::IsMember({"parallel", "chunkwise", "recurrent"}));
  verb->add_option("--chunk", settings->chunk, "Chunk size of the chunkwise form")
      ->check(within(1, std::numeric_limits<int32_t>::max()));
  verb->add_flag("--mixer-outputs", settings->mixerOutputs,
                 "Also write attn_out.N, every layer's mixer output before Wo");
  addDeviceOption(*verb, settings->device);
  verb->callback([settings] { writeLogits(*settings); });
}

} // namespace xlstm
