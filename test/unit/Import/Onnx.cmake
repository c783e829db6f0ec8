set(XLSTM_PCH MLIRTest)
xlstm_add_unittest(ImportOnnxTests SOURCES OnnxBadTest.cpp OnnxNodesTest.cpp OnnxQuantisedTest.cpp OnnxTest.cpp
  LINK XlstmImportOnnx XlstmImport XlstmOnnxEvaluate XlstmPipelines)
set(XLSTM_PCH TorchTest)
xlstm_add_unittest(ImportOnnxGoldenTests SOURCES OnnxGoldenTest.cpp LINK XlstmImportOnnx XlstmPipelines XlstmEvaluate)
xlstm_add_unittest(VerifyRaiseTests SOURCES VerifyRaiseTest.cpp ${CMAKE_SOURCE_DIR}/tools/xlstm/VerifyRaise.cpp
  LINK XlstmImportOnnx XlstmOnnxEvaluate XlstmPipelines XlstmEvaluate)
