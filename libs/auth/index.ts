export { AuthModule, AuthWorkerModule } from './auth.module.js';
export { type ImportedPerson, readImportLine } from './import/import-line.js';
export { ImportModule } from './import/import.module.js';
export { PeopleImporter } from './import/people-importer.js';
export { PasswordHasher } from './passwords/password-hasher.js';
export { Usernames } from './usernames.service.js';
export { User } from './user.entity.js';
