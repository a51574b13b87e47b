export type { ResponseFormat } from './answers.ts'
export type { AppliedOnce, ApplyOnceOptions } from './apply-once.ts'
export { QLinkClient, type CallOptions } from './client.ts'
export {
  QLinkAmbiguous, QLinkError, QLinkRefused, QLinkSignatureInvalid, QLinkSignatureRefused, QLinkUnreachable,
  type InvalidReason, type Operation, type QLinkErrorKind, type RefusalDetails,
} from './errors.ts'
export { expressHandler } from './express-handler.ts'
export { fastifyNotifications, type FastifyNotificationsOptions } from './fastify-notifications.ts'
export { nodeHandler, type NotificationRequest } from './node-handler.ts'
export { verifyNotification, type NotificationHeaders, type NotificationSecrets } from './notification.ts'
export type { QLinkClientOptions } from './options.ts'
export type { NotificationHandlerOptions } from './receive.ts'
export type {
  ApplyAnswer, ApplyRequest, CancelAnswer, CancelRequest, GetPayStatusRequest, PayMethod, PayNotification, PayStatus, QueryPayAccountRequest,
} from '../contract/schemas.ts'
