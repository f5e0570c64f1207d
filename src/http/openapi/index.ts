export * from './create-document.js';
export { leaveOut } from './leave-out.js';
export { DocumentPart } from './document-part.js';
export { ACCESS_EXTENSION, ALL_TENANTS_EXTENSION, type Operation, operationsOf } from './operations.js';
