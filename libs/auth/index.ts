export { AuthModule, AuthWorkerModule } from './auth.module.js';
export { PasswordHasher } from './passwords/password-hasher.js';
export { Usernames } from './usernames.service.js';
export { User } from './user.entity.js';
