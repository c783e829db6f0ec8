//===- AdapterFolder.cpp - a folder of peft, given as a model -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/AdapterFolder.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

using namespace xlstm;
namespace fs = std::filesystem;

static constexpr const char *weightNames[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                              "pytorch_model.bin.index.json"};

bool xlstm::isAdapterAlone(const fs::path &folder) {
  auto has = [&](const char *name) {
    std::error_code error;
    return fs::exists(folder / name, error);
  };
  return has("adapter_config.json") && std::ranges::none_of(weightNames, has);
}

std::string xlstm::describeAdapter(const fs::path &folder) {
  Json config = findJsonFile(folder / "adapter_config.json");
  auto text = [&](const char *key) {
    Json value = config.is_object() ? config.value(key, Json()) : Json();
    return value.is_string() ? value.get<std::string>() : "";
  };
  std::string kind = text("peft_type"), base = text("base_model_name_or_path");
  std::string of = base.empty() ? "" : " of " + quotePath(base);
  if (kind != "LORA" && !kind.empty())
    return "an adapter" + of + " of the kind " + quote(kind) + ", not a model; LoRA alone can be merged into its base";
  return "a LoRA adapter" + of + ", not a model; give the model that it was trained on: xlstm import " +
         folder.string() + " --base MODEL -o OUT";
}
