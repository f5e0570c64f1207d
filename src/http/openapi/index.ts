export * from './create-document.js';
export { DocumentPart } from './document-part.js';
export { ACCESS_EXTENSION, ALL_TENANTS_EXTENSION, type Operation, operationsOf } from './operations.js';
