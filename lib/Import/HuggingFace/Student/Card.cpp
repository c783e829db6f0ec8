//===- Card.cpp - the model card of an exported student -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Student/Config.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/Output.h"

#include <cstdio>

namespace fs = std::filesystem;

namespace xlstm {

static constexpr const char *usage = R"(
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER")
model = AutoModelForCausalLM.from_pretrained("FOLDER", trust_remote_code=True)
ids = tokenizer("Once upon a time", return_tensors="pt")
print(tokenizer.decode(model.generate(**ids, max_new_tokens=40)[0]))
```

The code beside this page is plain PyTorch: any device, no kernels to build. Its cost a token does not grow with the text, but
for heads that were kept as attention. Packed rows: give `position_ids` that begin at 0 with each document.
)";

static std::string threeDigits(const Json &number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", number.get<double>());
  return text;
}

/// What the run measured of the bundle, where it lies in a run's folder.
static std::string scoresOf(const Bundle &bundle) {
  fs::path folder = normalPath(bundle.folder), run = folder.parent_path();
  std::string name = folder.filename().string();
  Json results = findJsonFile(run / "eval" / "results.json");
  if (!results.is_object() || !results.contains("recovery") || !results["recovery"].contains(name))
    return "";
  std::string text = "\n## Measured\n\nStudent / teacher; of text, bits per byte of the teacher / of the student.\n\n"
                     "| | recovery |\n|---|---|\n";
  for (const auto &[what, share] : results["recovery"][name].items())
    if (share.is_number())
      text += "| " + what + " | " + threeDigits(share) + " |\n";
  const Json curve = results.contains("c_alpha") ? results["c_alpha"].value(name, Json::object()) : Json::object();
  if (curve.contains("alpha_star") && curve["alpha_star"].is_number())
    text += "\nalpha* = " + threeDigits(curve["alpha_star"]) + ": the loss that half of the tasks stay within.\n";
  if (fs::exists(run / "recipe.yaml"))
    text += "\n## Recipe\n\n```yaml\n" + readTextFile(run / "recipe.yaml") + "```\n";
  return text;
}

std::string writeModelCard(const Bundle &bundle, const Json &config) {
  std::string text =
      "---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags: [xlstm, distillation]\n---\n\n"
      "# A hybrid xLSTM\n\n";
  text +=
      "Made by `xlstm` out of a transformer (" + bundle.source + "): in its " + config["num_hidden_layers"].dump() +
      " layers attention is replaced by mLSTM, a window and sinks. It carries the licence of its teacher and of the "
      "text that it was trained on.\n";
  text += usage + scoresOf(bundle);
  if (bundle.lineage) {
    text += "\n## Lineage\n\nStage " + bundle.lineage->stage + ", seed " + std::to_string(bundle.lineage->seed) +
            "; hash of the teacher's tensors " + bundle.lineage->teacher;
    if (!bundle.lineage->start.empty())
      text += ", of those that stage II began with " + bundle.lineage->start;
    text += ".\n";
  }
  return text;
}

} // namespace xlstm
