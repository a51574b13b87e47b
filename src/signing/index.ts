export { diagnose, type Diagnosis, type DiagnosisCode } from './diagnosis.ts'
export { sign, signAsObject, verify, type SignatureReading } from './sign.ts'
export { stringToSign, stringToSignAsObject, type SigningInput } from './string-to-sign.ts'
